"""Backup of a deployment into one file, and restore from it."""
