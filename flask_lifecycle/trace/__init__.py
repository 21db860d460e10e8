"""Traces: the records of requests, how they are written, and the copies for readers."""
