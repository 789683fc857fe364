"""What the encoder of a copy reports: lines of JSON in a file beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from frametally.library.copies.room import KIND
from frametally.storage.derived import derived_path
from frametally.video.encoding_process import Report

NO_ROOM_FOR_REPORT: Final = 73
"""Exit status if the disk is so full that not even the final report can be written (EX_CANTCREAT of sysexits.h)."""
_FORMAT: Final = 2
"""Part of every name; with a new number, all copies are made again."""


def copy_path(video: Path) -> Path:
    """Where the copy of a stored video is."""
    return derived_path(video.parent, KIND, _FORMAT, "mp4")


def progress_path(target: Path) -> Path:
    """Where the encoder of this copy reports."""
    return target.with_suffix(".progress")


def last_report(target: Path) -> Report:
    """The last complete line."""
    try:
        lines = progress_path(target).read_bytes().splitlines()
        return msgspec.json.decode(lines[-1], type=Report) if lines else Report()
    except (FileNotFoundError, msgspec.DecodeError):  # the last line may be incomplete
        return Report()
