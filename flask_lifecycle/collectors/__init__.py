"""What is seen beside Flask's own methods: one module for each thing that is collected.

Each has ``install(redactor)``, which may be called any number of times, and gives back a
function that undoes this one installation.
"""
