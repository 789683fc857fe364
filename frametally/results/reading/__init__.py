"""The process that reads results, with what it may take and what results may contain."""
