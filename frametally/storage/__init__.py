"""Files on disk: atomic writes, locks, free space, digests, file names."""
