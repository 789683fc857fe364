"""Player of an analyzed video: the picture with its detections, the chart as its timeline, the classes as its filter.

Everything moves in the browser, which reads `frametally.rendering.playback.routes`; Python receives the view at rest.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import streamlit as st
from msgspec import Struct

from components.player.assets import PLOTLY, PLOTLY_FILE, SCRIPT_FILE, SCRIPTS

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "frametally.player",
    html=(_HERE / "web" / "player.html").read_text(),
    css=(_HERE / "web" / "player.css").read_text(),
    js=(_HERE / "loader.js").read_text(),
)


class ClassLook(Struct, frozen=True):
    """Display name and hex color of a class."""

    name: str
    color: str


class PlayedVideo(Struct, frozen=True):
    """A stored video that the browser plays."""

    id: str
    """Its sha256."""
    url: str
    size: tuple[int, int]
    """Width and height in pixels at which it is displayed."""


class OtherModel(Struct, frozen=True):
    """Another model with boxes of the same results."""

    name: str
    view: str
    """Address below which its routes are."""
    classes: tuple[ClassLook, ...]


class NoteMark(Struct, frozen=True):
    """A note on a moment."""

    time_s: float
    """Seconds after the first frame."""
    text: str


class PlayerState(Struct, frozen=True, kw_only=True):
    """What the user sees: the part of the view that the player changes."""

    seq: int = 0
    """Number of the state in the browser; 0 before the first one."""
    command: int = 0
    """Number of the last command to show the entry, also if the browser has it already."""
    entry: int
    confidence: float
    classes: tuple[str, ...] | None
    """Display names; None: all."""
    window: tuple[float, float] | None
    """Time range in seconds after the first frame; None: the whole video."""
    chart: str = ""
    """Kind of chart; empty: by the width of the screen."""
    bucket_s: float | None = None
    """Duration of a point of the chart; None: automatic."""
    clock: bool = False
    """Whether the axis shows the time of day."""
    start: str = ""
    """When the recording began, as typed: ISO 8601 with a time zone."""


class PlayerData(Struct, frozen=True, kw_only=True):
    """Everything that the player shows."""

    id: str
    """Changes with job, model, class names and the damage of the video; not with the state."""
    times: str
    """The response of the route of times, in base64; empty: the player asks for it."""
    view: str
    """Address below which the routes of the view are."""
    video: PlayedVideo | None
    classes: tuple[ClassLook, ...]
    has_boxes: bool
    kind: str
    """Of the results, in lower case: `detection`, `segmentation` …"""
    model: str
    others: tuple[OtherModel, ...]
    targets: tuple[str, ...]
    """Kinds of moments to jump to: `peak`, `disagreement`."""
    figure: str
    """The chart as JSON of plotly, with marks of the notes."""
    notes: tuple[NoteMark, ...]
    state: PlayerState


def player(data: PlayerData, *, key: str, on_change: Callable[[], None]) -> None:
    """Draw the player; `on_change` is called when the user has changed the state (`player_state`)."""
    shown = msgspec.to_builtins(data) | {
        "script": f".{SCRIPTS.url(SCRIPT_FILE)}",
        "plotly": f".{PLOTLY.url(PLOTLY_FILE)}",
    }
    _component(key=key, data=shown, on_view_change=on_change)


def player_state(key: str) -> PlayerState | None:
    """The state that the browser has sent last; None if it has sent none, or one that is invalid."""
    sent: Any = st.session_state.get(key) or {}
    try:
        state = msgspec.convert(sent.get("view"), PlayerState)
    except msgspec.ValidationError:
        return None
    edges_s = state.window or (0.0, 0.0)
    is_valid = 0 <= state.confidence <= 1 and all(map(math.isfinite, edges_s)) and edges_s[0] <= edges_s[1]
    return state if is_valid and state.entry >= 0 else None
