"""The HTTP calls, one module for each resource; all of them stand behind the gate."""
