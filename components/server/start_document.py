"""Streamlit's document with our script before its own, which shortens the start of a page (`web/start.js`)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import streamlit as st

from components.player.assets import PLOTLY, PLOTLY_FILE

INDEX: Final = Path(st.__file__).parent / "static" / "index.html"
_SCRIPT: Final = Path(__file__).parent / "web" / "start.js"
_HEAD: Final = re.compile(r"<head>")


def start_document() -> str:
    """The document; unchanged if Streamlit's has another form than we know."""
    return _HEAD.sub(lambda found: f"{found[0]}\n    <script>\n{_script()}</script>", INDEX.read_text(), count=1)


def host_config() -> dict[str, object]:
    """What the server of this app answers at `/_stcore/host-config`."""
    return {
        "allowedOrigins": list(st.get_option("client.allowedOrigins")),
        "useExternalAuthToken": False,
        "enableCustomParentMessages": False,
        "enforceDownloadInNewTab": False,
        "metricsUrl": "",
        "blockErrorDialogs": False,
        "resourceCrossOriginMode": None,
    }


def _script() -> str:
    config = json.dumps(host_config()).replace("<", "\\u003c")
    plotly = f".{PLOTLY.url(PLOTLY_FILE)}"
    return _SCRIPT.read_text().replace("{{host_config}}", config).replace("{{plotly}}", plotly)
