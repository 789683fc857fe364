"""Components of the Jobs page."""
