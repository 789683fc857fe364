"""Requests to untrusted servers, with a time limit."""
