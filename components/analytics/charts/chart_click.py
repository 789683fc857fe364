"""Clicks on a chart over time, anywhere in its plot, and the point that a click refers to."""

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
    """Where the user has clicked, in the units of the axes."""

    time_s: float
    value: float | None
    """None below the lines, on a heat strip."""


def chart_click(chart_key: str) -> Click | None:
    """The new click on the chart with this key; None if there is none. Draws nothing, but takes part in the layout."""
    key = f"{chart_key}-click"
    result = _component(key=key, data={"chart": _css_class(chart_key)}, on_click_change=lambda: None)
    before, st.session_state[f"{key}_seen"] = st.session_state.get(f"{key}_seen"), result.click
    if not isinstance(result.click, dict) or result.click == before:
        return None
    time_s, value = (_number(result.click.get(name)) for name in ("time_s", "value"))
    return None if time_s is None else Click(time_s, value)


def nearest_point(
    click: Click,
    first_s: npt.NDArray[np.float64],
    last_s: npt.NDArray[np.float64],
    analyzed: npt.NDArray[np.bool_],
    values: npt.NDArray[np.float64],
) -> tuple[int, int | None] | None:
    """(row, column) of the analyzed point nearest in time, and of its value nearest to the click.

    None if no point was analyzed; the column is None if the click or the point has no value.

    Args:
        click: where the user has clicked.
        first_s: (m,) time of the first entry of each point.
        last_s: (m,) time of its last entry.
        analyzed: (m,) whether an entry of it was analyzed.
        values: (m, c) what is drawn; NaN where unknown.
    """
    rows = np.flatnonzero(analyzed)
    if not len(rows):
        return None
    away_s = np.maximum(np.maximum(first_s[rows] - click.time_s, click.time_s - last_s[rows]), 0)
    row = int(rows[np.argmin(away_s)])
    is_known = click.value is not None and not np.isnan(values[row]).all()
    return row, int(np.nanargmin(np.abs(values[row] - click.value))) if is_known else None


def _number(value: object) -> float | None:
    """A number from the browser; None for anything else."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _css_class(key: str) -> str:
    """The class that Streamlit gives to the element with this key."""
    return f"st-key-{re.sub(r'[^a-zA-Z0-9_-]', '-', key)}"
