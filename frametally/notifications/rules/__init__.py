"""Checks the rules of a camera when a job on a later video of it has results."""
