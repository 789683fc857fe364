"""Streamlit only: each component draws something and returns a value."""
