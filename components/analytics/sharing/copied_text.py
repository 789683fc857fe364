"""Texts to copy with one click: addresses, and the code that embeds one in another page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import streamlit as st
from msgspec import Struct, to_builtins

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "frametally.copied_texts",
    html='<div class="texts"></div>',
    css=(_HERE / "copied_text.css").read_text(),
    js=(_HERE / "copied_text.js").read_text(),
)


class CopiedText(Struct, frozen=True, kw_only=True):
    """One text; the browser completes addresses, as only it knows where the dashboard is."""

    label: str
    path: str = ""
    """Of an address of this server, without the base path; empty: the address of the page."""
    base_url: str = ""
    """Of the dashboard, if the settings name it."""
    form: Literal["address", "embed"] = "address"


def copied_texts(texts: Sequence[CopiedText], *, key: str) -> None:
    """Draw a row for each text, with a button that copies it."""
    _component(key=key, data={"texts": [to_builtins(text) for text in texts]})
