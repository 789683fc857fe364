"""What labels of a person say about a view, for the browser."""
