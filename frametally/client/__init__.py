"""The Video Inference API over HTTP, from the client's side."""
