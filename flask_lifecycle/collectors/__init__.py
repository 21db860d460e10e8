"""Collectors: what is recorded beside Flask's own methods, one module for each.

Each has ``install(owner)``, where ``owner`` is an app's identity in its traces, which returns a
function that undoes it. Process-wide objects are wrapped while any app has the collector on.
"""
