"""Read video files: containers, frame index, decoding, random access to frames, remuxing."""
