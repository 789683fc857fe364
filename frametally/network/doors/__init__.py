"""The doors of the server: ASGI middleware around every route, Streamlit's own included."""
