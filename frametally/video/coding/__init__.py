"""What a compressed picture says without being decoded: its parameter sets, slices and references."""
