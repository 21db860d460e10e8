"""What is seen beside Flask's own methods: one module for each thing that is collected.

Each has ``install(owner)``, for the app that ``owner`` stands for in its traces, which
gives back a function that undoes it. What is process-wide is wrapped while any app has it on.
"""
