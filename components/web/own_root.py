"""Components that draw into a shadow root of their own, as soon as their script has been loaded.

Streamlit would attach one for them, draw again, and only then load the script: two more turns until something is seen.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

_ROOT = (Path(__file__).parent / "own_root.js").read_text()


def component_with_own_root(name: str, *, html: str, css: str, scripts: Sequence[Path]) -> ComponentRenderer:
    """Register a component; its scripts are joined, and call `rootOf(parentElement)` to get the root with its HTML."""
    content = f"const OWN_HTML = {json.dumps(html)};\nconst OWN_CSS = {json.dumps(css)};\n"
    js = "\n".join([content + _ROOT, *(script.read_text() for script in scripts)])
    return st.components.v2.component(name, js=js, isolate_styles=False)
