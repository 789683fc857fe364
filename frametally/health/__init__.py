"""Startup checks and health warnings."""
