"""A note while a long video is checked for damaged frames."""

from __future__ import annotations

import streamlit as st

from components.errors import show_errors
from frametally.library.library import Library
from frametally.library.video_store import StoredVideo

_CHECK_EVERY_S = 3.0


def scan_note(library: Library, video: StoredVideo) -> None:
    """Draw the note until the check is done, then run the page again, so that it marks the damaged frames."""
    if library.damage_scanner.is_scanning(video):
        _note(library, video)


@st.fragment(run_every=_CHECK_EVERY_S)
@show_errors()
def _note(library: Library, video: StoredVideo) -> None:
    if not library.damage_scanner.is_scanning(video):
        st.rerun()
    st.caption(":material/hourglass: The video is being checked for damaged frames. They are marked when it is done.")
