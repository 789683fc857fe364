"""Plotly charts over time."""
