"""What the processes that share a history show each other of their requests."""
