"""The Content-Security-Policy of the pages, with the reason for each source that it allows.

Everything comes from this server. Scripts from elsewhere, plug-ins, forms to elsewhere and a changed base URL are
refused, so that a text of a service or a video that ended up as markup could neither run nor send anything away.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Final

_SELF: Final = "'self'"
_INLINE_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)

OTHER_CONTENT: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self'"
"""For what is no page, should a browser show it as one: an SVG picture or an XML file runs no script."""


def page_policy(index_html: str, frame_ancestors: tuple[str, ...] = ()) -> str:
    """The policy of all pages.

    Args:
        index_html: the document of Streamlit; its inline scripts are allowed by their digests.
        frame_ancestors: sources that may embed the dashboard; empty: any.
    """
    directives = {
        "default-src": [_SELF],
        "script-src": [
            _SELF,
            *inline_digests(index_html),
            # Components of this app: Streamlit hands their scripts over as text, and loads them from blob URLs.
            "blob:",
        ],
        # Emotion (Streamlit) and plotly.js write style elements and attributes.
        "style-src": [_SELF, "'unsafe-inline'"],
        # Icons of Streamlit and pictures of plotly.js are data URLs; frames that the player draws are blobs.
        "img-src": [_SELF, "data:", "blob:"],
        "font-src": [_SELF, "data:"],
        "media-src": [_SELF, "blob:"],
        # 'self' includes ws: and wss: of this host.
        "connect-src": [_SELF],
        "worker-src": [_SELF, "blob:"],
        "frame-src": [_SELF],
        "object-src": ["'none'"],
        "base-uri": [_SELF],
        "form-action": [_SELF],
    }
    if frame_ancestors:
        directives["frame-ancestors"] = list(frame_ancestors)
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())


def inline_digests(html: str) -> list[str]:
    """The sources that allow the inline scripts of a document."""
    digests = (hashlib.sha256(script.encode()).digest() for script in _INLINE_SCRIPT.findall(html))
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
