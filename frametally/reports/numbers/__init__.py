"""What a brief states: metrics, charts, comparisons, lines and zones, settings."""
