"""Source code as the panel shows it."""
