"""Times that are sent with the player's data instead of being asked for: a request less before anything is shown."""

from __future__ import annotations

import base64
from typing import Final

import streamlit as st

from frametally.analysis.view import View
from frametally.errors import VideoError
from frametally.library.video_store import StoredVideo
from frametally.rendering.playback.frame_times import packed_times
from frametally.video.frame_index import load_index

MAX_BYTES: Final = 16 << 10
"""The data is sent again with every change of the view."""


@st.cache_data(show_spinner=False, max_entries=100)
def inline_times(key: str, _view: View, _video: StoredVideo | None) -> str:  # noqa: ARG001 - what is cached
    """`packed_times` in base64; empty if they are too large, or cannot be read: then the player asks for them.

    `key` identifies the view and what is known about its video.
    """
    try:
        packed = packed_times(_view, load_index(_video.place) if _video else None)
    except (VideoError, OSError):
        return ""
    return base64.b64encode(packed).decode() if len(packed) <= MAX_BYTES else ""
