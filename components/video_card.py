"""A card with the first frame of a stored video and its properties."""

from __future__ import annotations

from typing import Final, Literal

import streamlit as st

from components.formatting import escape_markdown, format_time, plural
from frametally.errors import VideoError
from frametally.library.video_store import StoredVideo
from frametally.storage.space import format_size
from frametally.video.probe import VideoInfo

_MAX_HEIGHT_PX: Final = 320
_MISSING_S: Final = 1.0
_MAX_READ_BYTES: Final = 256 << 20
"""Of a file that is read to its end while the page waits."""


def video_card(video: StoredVideo) -> None:
    """Draw the first frame next to duration, size, frame rate, codec and rotation."""
    info = video.info
    with st.container(border=True):
        width = _picture_width(*info.displayed_wh)
        picture, text = st.columns([1, 2 if width == "stretch" else 4], vertical_alignment="center")
        picture.image(_first_frame(video), width=width)
        text.markdown(f"**{escape_markdown(video.file_name)}**")
        text.caption(
            f"{format_time(info.duration_s)} · {info.width_px} × {info.height_px} px{_display_notes(info)}  \n"
            f"{info.fps:.4g} frames per second · {plural(info.frame_count, 'frame')}  \n"
            f"{info.codec} in {video.place.suffix[1:]} · {format_size(info.size_bytes)}"
        )
        if end_s := _early_end_s(video):
            text.caption(
                f":material/warning: The file is cut short: its frames end at {format_time(end_s)} of "
                f"{format_time(info.duration_s)}. What is missing cannot be analyzed."
            )


def _picture_width(width_px: int, height_px: int) -> int | Literal["stretch"]:
    """As wide as its column; a tall picture, as wide as makes it `_MAX_HEIGHT_PX` high."""
    is_tall = height_px > width_px
    return max(_MAX_HEIGHT_PX * width_px // height_px, 1) if is_tall else "stretch"


@st.cache_data(show_spinner=False, max_entries=50, hash_funcs={StoredVideo: lambda video: video.sha256})
def _first_frame(video: StoredVideo) -> bytes:
    """The first frame as a JPEG file."""
    from frametally.rendering.image_files import to_jpeg
    from frametally.video.displayed_frame import first_displayed

    return to_jpeg(first_displayed(video.place).image, quality=85)


@st.cache_data(show_spinner=False, max_entries=50, hash_funcs={StoredVideo: lambda video: video.sha256})
def _early_end_s(video: StoredVideo) -> float | None:
    """Where the frames in the file end, in seconds, if that is well before the end that its header declares.

    None also of a file that is large or only in the object storage: in the results of a run, its missing frames are not
    analyzed.
    """
    from frametally.video.frame_index import load_index

    if video.info.size_bytes > _MAX_READ_BYTES or not video.place.exists():
        return None
    try:
        index = load_index(video.place)
    except VideoError:  # a service may read it all the same
        return None
    return float(index.held_s) if index.duration_s - index.held_s >= _MISSING_S else None


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
