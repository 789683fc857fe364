"""Engines with object storage in common: each answers for the uploads and jobs of all, and runs those it accepted."""
