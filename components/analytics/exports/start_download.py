"""Start the download of a file that was just exported, so that one click is enough."""

from __future__ import annotations

import uuid
from pathlib import Path

import streamlit as st

_component = st.components.v2.component(
    "frametally.start_download", js=(Path(__file__).parent / "start_download.js").read_text()
)


def start_download(url: str, file_name: str) -> None:
    """Have the browser download this address now; a later run draws nothing here and downloads nothing."""
    _component(key=f"download-{uuid.uuid4()}", data={"url": url, "name": file_name}, height="content")
