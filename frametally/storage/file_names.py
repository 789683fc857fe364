"""The file names that people and programs give: cleaned for showing, made safe for sending, checked for their kind."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from frametally.contract import VIDEO_SUFFIXES
from frametally.errors import MediaError

KEPT_SUFFIXES: Final = (*VIDEO_SUFFIXES, ".mov", ".m4v", ".3gp", ".ts", ".mts", ".m2ts")
"""Files that are kept. A service takes only the first four: the others are put into MP4 before a job (`preflight`)."""
_MAX_NAME_CHARS: Final = 160


def clean_file_name(file_name: str) -> str:
    """The last part of a name from outside, without control and direction characters, short enough to show."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", file_name))[-1]
    shown = "".join(char for char in last if unicodedata.category(char)[0] != "C").strip()
    stem, dot, suffix = shown.rpartition(".")
    return f"{stem[: _MAX_NAME_CHARS - len(suffix)]}{dot}{suffix}" if len(suffix) < 10 else shown[:_MAX_NAME_CHARS]


def safe_file_name(name: str) -> str:
    """The last part of a path of any system, of letters, digits and `._-` only; its ending survives shortening."""
    base = re.split(r"[/\\]", name)[-1]
    stem, _, suffix = base.rpartition(".") if "." in base else (base, "", "")
    safe_stem = re.sub(r"[^\w.-]+", "_", stem, flags=re.ASCII).strip("._-")[:100] or "video"
    safe_suffix = re.sub(r"\W", "", suffix, flags=re.ASCII)[:10]
    return f"{safe_stem}.{safe_suffix}" if safe_suffix else safe_stem


def video_suffix_of(file_name: str) -> str:
    """The suffix of a kind of video that is kept, in lower case.

    Raises:
        MediaError: it is none of them.
    """
    suffix = next((known for known in KEPT_SUFFIXES if file_name.lower().endswith(known)), None)
    if suffix is None:
        accepted = ", ".join(known[1:].upper() for known in KEPT_SUFFIXES)
        raise MediaError(
            f"Videos are accepted as {accepted}; {file_name or 'this file'} is none of them.",
            "Convert it to MP4 (H.264) and try again.",
        )
    return suffix
