"""One file for each model head: raw tensors to detections."""
