"""The embedded Video Inference server: implements the API of the hosted service on this machine."""
