"""Briefs of small results, and names that try to be more than text."""

from __future__ import annotations

import base64
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np

from frametally.analysis.view_spec import ViewSpec
from frametally.reports.brief import Brief
from frametally.reports.making import make_brief
from frametally.reports.request import BriefRequest
from frametally.reports.sources import BriefSources, BriefVideo
from frametally.results import Results
from frametally.video.frame_index import build_index

MADE_AT = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "<!--<script>",
    "]]><!--",
    "javascript:alert(1)",
    "<a href='https://example.com'>car</a>",
    "<b>bold</b>",
    "{{ 7 * 7 }}",
    "{% include 'brief.html' %}",
    "%{customdata}",
    "$\\alpha$",
    "&lt;script&gt;",
    "line\u2028separator\u2029paragraph",
    "\u202etfel ot thgir",
    "nul\u0000byte",
    "=HYPERLINK('https://example.com')",
    "../../etc/passwd",
    "__proto__",
    "constructor",
    "A" * 300,
    "emoji 🅰️ and ＜full＞ width",
)
"""Markup, templates, formulas, paths, directions of text, keys of JavaScript's own objects."""


def brief_of(
    results: Results, *, video: BriefVideo | None = None, view: dict[str, Any] | None = None, **request: Any
) -> Brief:
    """The brief of results."""
    sources = BriefSources(results=results, video=video, video_name="street.mp4")
    spec = ViewSpec(**{"job_ids": ("job",), **(view or {})})
    return make_brief(sources, BriefRequest(view=spec, **request), made_by="Dana Levi", made_at=MADE_AT)


def noise_video(path: Path, frames: int, wh: tuple[int, int] = (640, 360), fps: int = 5) -> BriefVideo:
    """A video of fine noise: whatever is blurred in it is smooth."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "crf": "12"})
        stream.width, stream.height, stream.pix_fmt = *wh, "yuv420p"
        for number in range(frames):
            grey = np.random.default_rng(number).integers(0, 256, (wh[1] // 4, wh[0] // 4, 1), dtype=np.uint8)
            image = np.repeat(np.kron(grey, np.ones((4, 4, 1), np.uint8)), 3, axis=2)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")))
        container.mux(stream.encode(None))
    return BriefVideo(
        path=path, index=build_index(path), file_name=path.name, sha256="ab" * 32, size_bytes=path.stat().st_size
    )


def unpacked(counts: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Facts and arrays of `Side.counts`, as the document's script reads them."""
    buffer = zlib.decompress(base64.b64decode(counts))
    length = int.from_bytes(buffer[:4], "little")
    header = msgspec.json.decode(buffer[4 : 4 + length])
    start = -(-(4 + length) // 8) * 8
    arrays = {
        one["name"]: np.frombuffer(buffer, one["type"], one["length"], start + one["at"]) for one in header["arrays"]
    }
    return header["facts"], arrays
