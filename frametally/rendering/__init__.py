"""Draw results on pictures and render annotated videos."""
