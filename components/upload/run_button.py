"""A button that starts jobs, followed by the name of the service that will run them."""

from __future__ import annotations

import streamlit as st

from components.formatting import escape_markdown
from components.session import Connection


def run_button(connection: Connection, label: str, *, key: str, disabled: bool) -> bool:
    """Draw the button; returns True in the rerun after a click, as `st.button` does."""
    with st.container(horizontal=True, vertical_alignment="center"):
        clicked = st.button(label, type="primary", icon=":material/play_arrow:", key=key, disabled=disabled)
        st.page_link(
            "../pages/configuration.py",
            label=f":small[on: {escape_markdown(connection.label)}]",
            icon=":material/dns:",
            help="Change the service",
        )
    return clicked
