"""When a recording began, from the metadata of the file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

from frametally.errors import VideoError
from frametally.video.container import open_video

_KEYS: Final = ("com.apple.quicktime.creationdate", "creation_time")
"""The first has the time zone of the camera; the second is UTC."""
_FIRST_YEAR: Final = 1990
"""Files without a date have the epoch of their format: 1904 or 1970."""


def recording_start(path: Path) -> datetime | None:
    """The time at which the recording began, with its time zone; None if the file does not tell, or cannot be read."""
    try:
        with open_video(path) as (container, stream):
            tags = [(container.metadata, key) for key in _KEYS] + [(stream.metadata, key) for key in _KEYS]
            found = [_time(metadata.get(key, "")) for metadata, key in tags]
    except VideoError:
        return None
    return next((time for time in found if time is not None), None)


def _time(text: str) -> datetime | None:
    """A time with a time zone; None for anything else."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo is not None and time.year >= _FIRST_YEAR else None
