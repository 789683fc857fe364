"""Clicks on a chart over time, anywhere in its plot, and the frame that a click refers to."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import streamlit as st

_component = st.components.v2.component(
    "frametally.chart_click", js=(Path(__file__).parent / "chart_click.js").read_text()
)


@dataclass(frozen=True)
class Click:
    """Where the user has clicked: the time on the chart's axis."""

    time_s: float


def chart_click(chart_key: str) -> Click | None:
    """The new click on the chart with this key; None if there is none. Draws nothing, but takes part in the layout."""
    key = f"{chart_key}-click"
    result = _component(key=key, data={"chart": _css_class(chart_key)}, on_click_change=lambda: None)
    before, st.session_state[f"{key}_seen"] = st.session_state.get(f"{key}_seen"), result.click
    if not isinstance(result.click, dict) or result.click == before:
        return None
    time_s = _number(result.click.get("time_s"))
    return None if time_s is None else Click(time_s)


def nearest_entry(click: Click, time_s: npt.NDArray[np.float64], analyzed: npt.NDArray[np.bool_]) -> int | None:
    """The analyzed entry nearest in time to the click, the earlier one on a tie; None if no entry was analyzed.

    A point of the chart may stand for several entries: the place of the click decides between them.

    Args:
        click: where the user has clicked.
        time_s: (n,) time of each entry.
        analyzed: (n,) whether it was analyzed.
    """
    known = np.flatnonzero(analyzed)
    return int(known[np.argmin(np.abs(time_s[known] - click.time_s))]) if len(known) else None


def _number(value: object) -> float | None:
    """A number from the browser; None for anything else."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _css_class(key: str) -> str:
    """The class that Streamlit gives to the element with this key."""
    return f"st-key-{re.sub(r'[^a-zA-Z0-9_-]', '-', key)}"
