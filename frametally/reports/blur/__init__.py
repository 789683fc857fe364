"""Blurring of chosen classes: where, and how pixels are made unreadable."""
