"""Source code and SQL as they are shown: formatted and highlighted."""
