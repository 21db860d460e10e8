"""Wraps one Flask app, so that its requests are recorded."""
