"""Converting a stored video to MP4 by remuxing, without re-encoding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from components.access import current_person
from components.errors import show_error
from components.formatting import escape_markdown, plural
from components.upload.video_source import VideoSource
from frametally.deployment import Deployment
from frametally.errors import FrametallyError
from frametally.library.video_store import StoredVideo
from frametally.team.videos import convert_to_mp4
from frametally.video.remux import can_be_remuxed

_CONVERTED, _FAILED = "converted_videos", "failed_conversions"


def as_converted(deployment: Deployment, source: VideoSource | None) -> VideoSource | None:
    """The source; if this session has converted it, with the MP4 version in place of the original."""
    kept = converted(deployment, source.kept) if source and source.kept else None
    if source is None or kept is None or kept is source.kept:
        return source
    st.success(f"Converted to MP4 (no re-encoding): **{escape_markdown(kept.file_name)}**", icon=":material/check:")
    return replace(source, name=kept.file_name, kept=kept)


def converted(deployment: Deployment, kept: StoredVideo) -> StoredVideo:
    """The MP4 version of the video, if this session has converted it; otherwise the video."""
    made: dict[str, str] = st.session_state.get(_CONVERTED, {})
    return deployment.library.get(made.get(kept.sha256, "")) or kept


def conversion_of_files(deployment: Deployment, files: Sequence[StoredVideo]) -> dict[str, str]:
    """Offer to convert these files together; returns why it has failed, by sha256."""
    failed: dict[str, str] = st.session_state.setdefault(_FAILED, {})
    left = [kept for kept in files if kept.sha256 not in failed]
    label = f"Convert {plural(len(left), 'file')} to MP4"
    if left and st.button(label, icon=":material/movie:", help="Takes seconds each; audio is dropped."):
        for kept in left:
            if error := _converting(deployment, kept):
                failed[kept.sha256] = str(error)
        st.rerun()
    return failed


def mp4_conversion(deployment: Deployment, kept: StoredVideo) -> None:
    """Offer the conversion, or explain why it is not possible."""
    if not can_be_remuxed(kept.info.codec):
        st.caption("Its codec cannot be stored in MP4. Re-encode the video as MP4 (H.264) first.")
    elif st.button("Convert to MP4", icon=":material/movie:", help="Takes seconds; audio is dropped."):
        error = _converting(deployment, kept)
        if error is None:
            st.rerun()
        show_error(error)


def _converting(deployment: Deployment, kept: StoredVideo) -> FrametallyError | None:
    """Convert with a progress bar; returns the error, None after success."""
    bar = st.progress(0.0, text=f"Converting {escape_markdown(kept.file_name)}…")
    try:
        made = convert_to_mp4(deployment.library, kept, bar.progress, actor=current_person())
    except FrametallyError as error:
        return error
    finally:
        bar.empty()
    st.session_state.setdefault(_CONVERTED, {})[kept.sha256] = made.sha256
    return None
