"""Frame readers of the stored videos, kept open for a while and shared by all sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from frametally.library.video_store import StoredVideo

if TYPE_CHECKING:
    from frametally.video.frame_reader import FrameReader
    from frametally.video.reader_pool import ReaderPool


def video_reader(video: StoredVideo) -> FrameReader:
    """The reader of this video in this process."""
    return reader_pool().get(video.place)


@st.cache_resource(show_spinner=False)
def reader_pool() -> ReaderPool:
    """The open readers of this process."""
    from frametally.video.reader_pool import ReaderPool

    return ReaderPool()
