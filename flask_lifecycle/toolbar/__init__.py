"""The toolbar on the app's own pages."""
