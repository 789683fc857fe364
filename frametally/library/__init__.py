"""Videos on disk: store, quota, tickets, resumable uploads, routes."""
