"""Scrolling to what has just started, which is drawn below the button that was clicked."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_scroll = st.components.v2.component(
    "frametally.in_view", js=(Path(__file__).parent / "in_view.js").read_text(), isolate_styles=False
)


def bring_into_view(container_key: str, run: str) -> None:
    """Let the browser scroll to the container with this key, once for each `run`; draws nothing."""
    _scroll(key=f"in_view_{container_key}", data={"container": container_key, "run": run})
