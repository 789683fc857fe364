"""URL probe: the kind of content at a public URL, from its first bytes, checked before a job depends on it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final, Literal

from frametally.errors import MediaError
from frametally.network.download import open_url

MAX_PROBE_S: Final = 15.0
_FIRST_BYTES: Final = 4096
_TS_PACKET_BYTES: Final = 188

Content = Literal["video", "page", "other"]


@dataclass(frozen=True, kw_only=True)
class UrlReport:
    """The result of a probe."""

    refusal: str = ""
    """Why there was no response, or the URL was refused; empty if there was a response."""
    next_step: str = ""
    status: int | None = None
    content: Content | None = None


def probe_url(url: str, *, private_urls: bool, max_s: float = MAX_PROBE_S) -> UrlReport:
    """Request the first bytes, with the link guard and redirect limit of `download`; at most `max_s` seconds."""
    try:
        with open_url(
            url,
            private_urls=private_urls,
            deadline_s=time.monotonic() + max_s,
            headers={"Range": f"bytes=0-{_FIRST_BYTES - 1}"},
        ) as (response, _):
            content_type = response.headers.get("Content-Type", "").lower()
            first = response.read(_FIRST_BYTES, decode_content=False)
            return UrlReport(status=response.status, content=content_of(first, content_type))
    except MediaError as error:
        return UrlReport(refusal=error.what, next_step=error.next_step)


def content_of(first: bytes, content_type: str) -> Content:
    """Recognize MP4, MOV, AVI, MKV, WebM and MPEG-TS by their first bytes, and web pages by type or first bytes."""
    is_iso = first[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide")
    is_avi = first[:4] == b"RIFF" and first[8:12] == b"AVI "
    is_ts = len(first) > _TS_PACKET_BYTES and first[0] == 0x47 == first[_TS_PACKET_BYTES]
    if is_iso or is_avi or is_ts or first[:4] == b"\x1a\x45\xdf\xa3":
        return "video"
    if content_type.startswith("text/html") or first.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
        return "page"
    return "other"
