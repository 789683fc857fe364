"""What is at a public address, from its first bytes: asked for once, before a job relies on it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final, Literal

from frametally.errors import MediaError
from frametally.network.download import answer_of

LOOK_S: Final = 15.0
_FIRST_BYTES: Final = 4096
_TS_PACKET: Final = 188


@dataclass(frozen=True, kw_only=True)
class UrlReport:
    """What came of looking at an address."""

    refusal: str = ""
    """Why nothing was asked or nothing answered; empty where there was an answer."""
    next_step: str = ""
    status: int | None = None
    looks_like: Literal["video", "page", "other"] | None = None


def look_at(url: str, *, private_urls: bool, max_s: float = LOOK_S) -> UrlReport:
    """Ask for the first bytes, under the guards of `fetch`: it is told what is there, and nothing is kept."""
    try:
        with answer_of(
            url,
            private_urls=private_urls,
            give_up_s=time.monotonic() + max_s,
            headers={"Range": f"bytes=0-{_FIRST_BYTES - 1}"},
        ) as (response, _):
            content_type = response.headers.get("Content-Type", "").lower()
            first = response.read(_FIRST_BYTES, decode_content=False)
            return UrlReport(status=response.status, looks_like=kind_of(first, content_type))
    except MediaError as error:
        return UrlReport(refusal=error.what, next_step=error.next_step)


def kind_of(first: bytes, content_type: str) -> Literal["video", "page", "other"]:
    """What these first bytes are: MP4 or MOV, AVI, MKV or WebM, MPEG-TS; else what the server says it is."""
    is_iso = first[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide")
    is_avi = first[:4] == b"RIFF" and first[8:12] == b"AVI "
    is_ts = len(first) > _TS_PACKET and first[0] == 0x47 == first[_TS_PACKET]
    if is_iso or is_avi or is_ts or first[:4] == b"\x1a\x45\xdf\xa3":
        return "video"
    if content_type.startswith("text/html") or first.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
        return "page"
    return "other"
