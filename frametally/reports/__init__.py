"""Briefs: a view as one document that opens anywhere."""
