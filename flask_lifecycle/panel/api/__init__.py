"""The panel's HTTP API, a module for each resource."""
