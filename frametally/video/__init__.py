"""Video files: container, frame index, decoding, exact frames by position."""
