"""A card with the first frame of a stored video and its properties."""

from __future__ import annotations

import streamlit as st

from components.formatting import escape_markdown, format_time
from frametally.library.video_store import StoredVideo
from frametally.storage.space import format_size
from frametally.video.probe import VideoInfo


def video_card(video: StoredVideo) -> None:
    """Draw the first frame next to duration, size, frame rate, codec and rotation."""
    info = video.info
    with st.container(border=True):
        picture, text = st.columns([1, 2], vertical_alignment="center")
        picture.image(_first_frame(video), width="stretch")
        text.markdown(f"**{escape_markdown(video.file_name)}**")
        text.caption(
            f"{format_time(info.duration_s)} · {info.width_px} × {info.height_px} px{_display_notes(info)}  \n"
            f"{info.fps:.4g} frames per second · {info.frame_count:,} frames  \n"
            f"{info.codec} in {video.place.suffix[1:]} · {format_size(info.size_bytes)}"
        )


@st.cache_data(show_spinner=False, max_entries=50, hash_funcs={StoredVideo: lambda video: video.sha256})
def _first_frame(video: StoredVideo) -> bytes:
    """The first frame as a JPEG file."""
    from frametally.rendering.image_files import to_jpeg
    from frametally.video.displayed_frame import first_displayed

    return to_jpeg(first_displayed(video.place).image, quality=85)


def _display_notes(info: VideoInfo) -> str:
    """What a player does to the stored frames, each after a separator."""
    notes = []
    if info.displayed_wh != (info.width_px, info.height_px):
        notes.append("shown as {} × {}".format(*info.displayed_wh))
    if info.is_mirrored:
        notes.append("mirrored")
    if info.rotation_deg:
        notes.append(f"rotated by {info.rotation_deg}°")
    if info.is_hdr:
        notes.append("HDR")
    return "".join(f" · {note}" for note in notes)
