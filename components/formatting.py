"""Values as text on the pages."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

_MARKDOWN = set("\\`*_{}[]()<>#|~$:!")
_ID_LETTERS = 8
_REFUSED = re.compile(r"^[^.:]+ failed: \S+ returned 4\d\d[^.:]*: ")
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def escape_markdown(text: str) -> str:
    """Text from outside, escaped so that Markdown shows it unchanged."""
    return "".join(f"\\{character}" if character in _MARKDOWN else character for character in text)


def distinct_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels by id, repeated ones with the beginning of the id: Streamlit distinguishes options by their label only."""
    uses = Counter(labels.values())
    return {key: label if uses[label] == 1 else f"{label} · {key[:_ID_LETTERS]}" for key, label in labels.items()}


def said_by_service(failure: str) -> str:
    """What the service said, without what it responded to and with which status; empty if it said nothing."""
    said = _REFUSED.sub("", failure)
    return said[:1].upper() + said[1:] if said != failure else ""


def plural(count: int, noun: str) -> str:
    """A count with its noun: `1 job`, `2,000 jobs`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def format_time(seconds: float) -> str:
    """A position in a video: `0:39.9`, `1:02:03.0`."""
    minutes, rest = divmod(round(max(seconds, 0), 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"


def format_age(age: timedelta) -> str:
    """How long ago: `just now`, `3 min ago`."""
    seconds = age.total_seconds()
    return "just now" if seconds < 2 else f"{format_duration(seconds)} ago"


def format_duration(seconds: float) -> str:
    """A duration in its largest unit, rounded down: `59 min`."""
    for unit_s, unit in _UNITS:
        if seconds >= unit_s:
            return f"{seconds // unit_s:.0f} {unit}"
    return f"{max(seconds, 0) // 1:.0f} s"


def format_estimate(low_s: float, high_s: float) -> str:
    """An estimated duration, rounded outwards: `about 2-3 min`; equal ends give `about 55 s`."""
    step_s, unit_s, unit = _rounding(high_s)
    if low_s == high_s:
        return f"about {max(round(high_s / step_s), 1) * step_s / unit_s:g} {unit}"
    high = max(math.ceil(high_s / step_s), 1) * step_s / unit_s
    low_step_s, low_unit_s, low_unit = _rounding(low_s)
    low = math.floor(low_s / low_step_s) * low_step_s / low_unit_s
    if low == 0:
        return f"less than {high:g} {unit}"
    if low_unit != unit:
        return f"about {low:g} {low_unit} to {high:g} {unit}"
    return f"about {low:g} {unit}" if low == high else f"about {low:g}-{high:g} {unit}"


def _rounding(seconds: float) -> tuple[float, int, str]:
    """(rounding step in seconds, seconds per unit, unit) for a duration of this size."""
    if seconds < 20:
        return 1, 1, "s"
    if seconds < 90:
        return 5, 1, "s"
    if seconds < 300:
        return 30, 60, "min"
    if seconds < 90 * 60:
        return 60, 60, "min"
    return (1800, 3600, "h") if seconds < 48 * 3600 else (43_200, 86_400, "d")
