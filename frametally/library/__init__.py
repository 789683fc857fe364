"""The kept videos: store, quota, tickets, resumable uploads, routes."""
