"""Frame readers of the stored videos, kept open and shared by all sessions."""

from __future__ import annotations

import streamlit as st

from frametally.library.video_store import StoredVideo
from frametally.video.frame_index import load_index
from frametally.video.frame_reader import FrameReader


@st.cache_resource(
    show_spinner=False,
    max_entries=6,
    hash_funcs={StoredVideo: lambda video: video.sha256},
    on_release=lambda reader: reader.close(),
)
def video_reader(video: StoredVideo) -> FrameReader:
    """The reader of this video in this process."""
    return FrameReader(video.path, load_index(video.path))
