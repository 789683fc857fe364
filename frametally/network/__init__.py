"""HTTP: routes, retries, and guarded requests to untrusted URLs."""
