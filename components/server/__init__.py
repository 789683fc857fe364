"""What this app adds to the server that Streamlit starts."""
