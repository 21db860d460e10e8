"""What the list shows of a request: its summary and its flags."""
