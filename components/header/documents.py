"""The documents that come with this version, one at a time; the address names the one that is shown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import streamlit as st

from frametally.config.version import version

_FOLDER: Final = Path(__file__).parents[2] / "docs"
_TITLES: Final = {
    "using": "Using Frametally",
    "tracking": "Tracking",
    "models": "Models",
    "running": "Running it for a team",
    "cluster": "More than one machine",
    "storage": "Object storage",
    "failures": "Failures",
    "architecture": "Architecture",
}


def documents() -> None:
    """Let the user choose a document, and draw it."""
    st.title("Help")
    st.caption(f"Frametally {version()}")
    available = [name for name in _TITLES if (_FOLDER / f"{name}.md").is_file()]
    if not available:
        st.info("The documentation is not part of this installation.", icon=":material/info:")
        return
    chosen = st.segmented_control(
        "Document",
        available,
        default=available[0],
        key="document",
        format_func=_TITLES.__getitem__,
        label_visibility="collapsed",
        bind="query-params",
    )
    st.markdown(_text(_FOLDER / f"{chosen or available[0]}.md"))


def _text(path: Path) -> str:
    """The document; links to files that the dashboard does not show become plain text."""
    return re.sub(r"!?\[([^\]]*)\]\((?!https?:|#)[^)]*\)", r"\1", path.read_text())
