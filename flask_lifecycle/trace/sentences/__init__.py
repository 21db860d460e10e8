"""The sentences: one for each step, for every reader."""
