"""The embedded Video Inference server: the same calls as the hosted service, answered on this machine."""
