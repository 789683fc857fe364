"""Spellings of results other than the service's own, brought into the canonical form; what is left out is noted."""
