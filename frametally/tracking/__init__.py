"""Tracks: which boxes of different frames show the same object."""
