"""Components of the page of shared links."""
