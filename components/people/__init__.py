"""Components of the People page."""
