"""Validation of file names from outside: display form, safe form for requests and headers, video suffix."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from frametally.contract import VIDEO_SUFFIXES
from frametally.errors import MediaError

KEPT_SUFFIXES: Final = (*VIDEO_SUFFIXES, ".mov", ".m4v", ".3gp", ".ts", ".mts", ".m2ts")
"""Accepted file types. Services accept only the first four; the others are converted to MP4 before a job."""
_MAX_NAME_CHARS: Final = 160


def clean_file_name(file_name: str) -> str:
    """The last part of a path, without control or bidirectional characters, shortened for display."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", file_name))[-1]
    shown = "".join(char for char in last if unicodedata.category(char)[0] != "C").strip()
    stem, dot, suffix = shown.rpartition(".")
    return f"{stem[: _MAX_NAME_CHARS - len(suffix)]}{dot}{suffix}" if len(suffix) < 10 else shown[:_MAX_NAME_CHARS]


def safe_file_name(name: str) -> str:
    """The last part of a POSIX or Windows path, reduced to ASCII letters, digits and `._-`; keeps the suffix."""
    base = re.split(r"[/\\]", name)[-1]
    stem, _, suffix = base.rpartition(".") if "." in base else (base, "", "")
    safe_stem = re.sub(r"[^\w.-]+", "_", stem, flags=re.ASCII).strip("._-")[:100] or "video"
    safe_suffix = re.sub(r"\W", "", suffix, flags=re.ASCII)[:10]
    return f"{safe_stem}.{safe_suffix}" if safe_suffix else safe_stem


def image_stem(video_name: str) -> str:
    """A name for images of a video, without suffix: its letters and digits of any script and `._-`."""
    stem = clean_file_name(video_name).rpartition(".")[0] or clean_file_name(video_name)
    return re.sub(r"[^\w.-]+", "_", stem).strip("._-")[:100] or "video"


def video_suffix_of(file_name: str) -> str:
    """The suffix in lower case, one of `KEPT_SUFFIXES`.

    Raises:
        MediaError: the file type is not accepted.
    """
    suffix = next((known for known in KEPT_SUFFIXES if file_name.lower().endswith(known)), None)
    if suffix is None:
        accepted = ", ".join(known[1:].upper() for known in KEPT_SUFFIXES)
        raise MediaError(
            f"{file_name or 'This file'} is not an accepted video type ({accepted}).",
            "Convert it to MP4 (H.264) and try again.",
        )
    return suffix
