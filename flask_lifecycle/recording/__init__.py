"""Exports traces to standard formats, one module for each."""
