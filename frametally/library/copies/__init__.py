"""Copies of stored videos in H.264, for browsers that cannot play the original."""
