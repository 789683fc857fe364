"""Files and folders: atomic writes, free space, digests, locks, file names."""
