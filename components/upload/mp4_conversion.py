"""Converting a stored video to MP4 by remuxing, without re-encoding."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from components.errors import show_error
from components.formatting import escape_markdown
from components.session import current_actor
from components.upload.video_source import VideoSource
from frametally.deployment import Deployment
from frametally.errors import FrametallyError
from frametally.library.conversion import convert_to_mp4
from frametally.library.video_store import StoredVideo
from frametally.video.remux import can_be_remuxed

_CONVERTED = "converted_videos"


def as_converted(deployment: Deployment, source: VideoSource | None) -> VideoSource | None:
    """The source; if this session has converted it, with the MP4 version in place of the original."""
    made: dict[str, str] = st.session_state.get(_CONVERTED, {})
    kept = deployment.library.get(made.get(source.kept.sha256, "")) if source and source.kept else None
    if source is None or kept is None:
        return source
    st.success(f"Converted to MP4 (no re-encoding): **{escape_markdown(kept.file_name)}**", icon=":material/check:")
    return replace(source, name=kept.file_name, kept=kept)


def mp4_conversion(deployment: Deployment, kept: StoredVideo) -> None:
    """Offer the conversion, or explain why it is not possible."""
    if not can_be_remuxed(kept.info.codec):
        st.caption("Its codec cannot be stored in MP4. Re-encode the video as MP4 (H.264) first.")
    elif st.button("Convert to MP4", icon=":material/movie:", help="Takes seconds; audio is dropped."):
        _convert(deployment, kept)


def _convert(deployment: Deployment, kept: StoredVideo) -> None:
    bar = st.progress(0.0, text="Converting…")
    try:
        converted = convert_to_mp4(deployment.library, kept, bar.progress, actor=current_actor())
    except FrametallyError as error:
        show_error(error)
    else:
        st.session_state.setdefault(_CONVERTED, {})[kept.sha256] = converted.sha256
        st.rerun()
    finally:
        bar.empty()
