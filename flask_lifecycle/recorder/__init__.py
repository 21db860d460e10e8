"""The hot path: how a step begins and ends, and what is never to break the app."""
