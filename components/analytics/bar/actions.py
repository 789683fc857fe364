"""A button of the bar that opens the comparison."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "frametally.bar_actions",
    html=(_HERE / "actions.html").read_text(),
    css=(_HERE / "actions.css").read_text(),
    js=(_HERE / "actions.js").read_text(),
)


def actions(*, can_compare: bool, on_compare: Callable[[], None]) -> None:
    """Draw the button, if there is something to compare; `on_compare` is called before the next run."""
    _component(key="bar_actions", data={"can_compare": can_compare}, on_compare_change=on_compare, width="content")
