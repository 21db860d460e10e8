"""The HTTP API, one module for each resource; all of it is behind the gate."""
