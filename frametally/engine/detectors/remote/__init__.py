"""Models that run on a Roboflow Inference server."""
