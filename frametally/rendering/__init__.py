"""Annotated frames and videos."""
