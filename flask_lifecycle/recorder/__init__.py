"""The hot path: how a step begins and ends, and the guards that keep faults from the app."""
