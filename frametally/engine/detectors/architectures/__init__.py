"""Model architectures, one file each: how output tensors become entries."""
