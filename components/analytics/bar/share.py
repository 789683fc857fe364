"""Sharing the view: its address is in the page's, which a button copies."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "frametally.share",
    html='<div class="share"><button type="button">Share</button>'
    '<input type="text" readonly hidden aria-label="Link to this view"><span role="status"></span></div>',
    css=(_HERE / "share.css").read_text(),
    js=(_HERE / "share.js").read_text(),
)


def share_button() -> None:
    """Draw the button."""
    _component(key="share", width="content", height="content")
