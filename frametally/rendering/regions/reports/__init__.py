"""What lines and zones have counted, as the page shows it."""
