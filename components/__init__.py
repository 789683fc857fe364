"""Streamlit components: each draws something and returns a value."""
