"""Pieces of a job: how it is cut, and how their results become those of the job."""
