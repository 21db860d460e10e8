"""Traces in the formats of others: one module for each."""
