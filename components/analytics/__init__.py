"""Components of the Analytics page."""
