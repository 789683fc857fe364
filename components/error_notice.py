"""What failed, and what to do next."""

from __future__ import annotations

import streamlit as st

from video_inference.errors import FrametallyError


def error_notice(error: FrametallyError) -> None:
    """Show an error as the person can use it."""
    st.error(f"**{plain(error.what)}**  \n{plain(error.next_step)}", icon=":material/error:")


def plain(text: str) -> str:
    """Text from outside, so that Markdown shows it as it is."""
    return "".join(f"\\{sign}" if sign in _MARKDOWN else sign for sign in text)


_MARKDOWN = set("\\`*_{}[]()<>#|~$:!")
