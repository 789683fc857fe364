"""Streamlit's document with our script before its own, which shortens the start of a page (`web/start.js`).

The styles that all pages share are part of it as well, so that pages begin with them.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import streamlit as st

from components.player.assets import PLOTLY, PLOTLY_FILE

INDEX: Final = Path(st.__file__).parent / "static" / "index.html"
_SCRIPT: Final = Path(__file__).parent / "web" / "start.js"
SHELL_CSS: Final = Path(__file__).parents[1] / "assets" / "shell.css"
_HEAD: Final = re.compile(r"<head>")
_END: Final = re.compile(r"</body>")
"""Behind the styles that Streamlit writes into the head, so that ours go before."""


def start_document() -> str:
    """The document; unchanged if Streamlit's has another form than we know."""
    document = _HEAD.sub(lambda found: f"{found[0]}\n    <script>\n{_script()}</script>", INDEX.read_text(), count=1)
    return _END.sub(lambda found: f"  <style>\n{SHELL_CSS.read_text()}</style>\n  {found[0]}", document, count=1)


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
