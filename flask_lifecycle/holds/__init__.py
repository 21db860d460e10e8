"""Breakpoints: hold one request at a step of its life, look, and let it go on."""
