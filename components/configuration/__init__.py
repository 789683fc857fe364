"""Components of the Configuration page."""
