"""Client of the Video Inference API."""
