"""Timers of hidden tabs pause: what they would draw is not seen."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_pause = st.components.v2.component(
    "frametally.hidden_tabs", js=(Path(__file__).parent / "hidden_tabs.js").read_text(), isolate_styles=False
)


def pause_hidden_tabs() -> None:
    """Let fragments that repeat do so only while their tab is visible; draws nothing."""
    _pause(key="hidden_tabs")
