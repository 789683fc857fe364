"""Answers about lines and zones for the browser, and pictures of how objects moved."""
