"""One video to analyze."""

from __future__ import annotations

from dataclasses import dataclass

from frametally.library.video_store import StoredVideo


@dataclass(frozen=True, kw_only=True)
class VideoSource:
    """A video to analyze: kept in the library, read by the service from a public URL, or both."""

    name: str
    kept: StoredVideo | None
    url: str | None
