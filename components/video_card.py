"""A kept video: its first picture and what the probe found."""

from __future__ import annotations

import streamlit as st

from components.errors import escape_markdown
from frametally.library.video_store import StoredVideo
from frametally.storage.space import format_size


def video_card(video: StoredVideo) -> None:
    """Show the first picture beside duration, size, frame rate, codec and rotation."""
    facts = video.info
    with st.container(border=True):
        picture, text = st.columns([1, 2], vertical_alignment="center")
        picture.image(first_picture(video), width="stretch")
        text.markdown(f"**{escape_markdown(video.file_name)}**")
        rotation = f" · shown rotated by {facts.rotation_deg}°" if facts.rotation_deg else ""
        text.caption(
            f"{format_time(facts.duration_s)} · {facts.width_px} × {facts.height_px} px{rotation}  \n"
            f"{facts.fps:.4g} frames per second · {facts.frame_count:,} frames  \n"
            f"{facts.codec} in {video.path.suffix[1:]} · {format_size(facts.size_bytes)}"
        )


@st.cache_data(show_spinner=False, max_entries=50, hash_funcs={StoredVideo: lambda video: video.sha256})
def first_picture(video: StoredVideo) -> bytes:
    """The first frame as a JPEG file."""
    from frametally.rendering.image_files import to_jpeg
    from frametally.video.decoding import decode, upright

    return to_jpeg(upright(next(iter(decode(video.path)))), quality=85)


def format_time(seconds: float) -> str:
    """A time in the video: `0:39.9`, `1:02:03.0`."""
    minutes, rest = divmod(round(max(seconds, 0), 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"
