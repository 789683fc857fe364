"""Durations in words."""

from __future__ import annotations

import math
from datetime import timedelta

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def format_age(age: timedelta) -> str:
    """How long ago, in words."""
    seconds = age.total_seconds()
    return "just now" if seconds < 2 else f"{format_duration(seconds)} ago"


def format_duration(seconds: float) -> str:
    """A time that has passed, in its largest unit."""
    for unit_s, unit in _UNITS:
        if seconds >= unit_s:
            return f"{seconds // unit_s:.0f} {unit}"
    return f"{max(seconds, 0) // 1:.0f} s"


def format_estimate(low_s: float, high_s: float) -> str:
    """A time to come, as exact as anybody knows it: `about 2 to 3 min`; equal ends give `about 55 s`."""
    step_s, unit_s, unit = _grain(high_s)
    if low_s == high_s:
        return f"about {max(round(high_s / step_s), 1) * step_s / unit_s:g} {unit}"
    high = max(math.ceil(high_s / step_s), 1) * step_s / unit_s
    low_step_s, low_unit_s, low_unit = _grain(low_s)
    low = math.floor(low_s / low_step_s) * low_step_s / low_unit_s
    if low == 0:
        return f"less than {high:g} {unit}"
    if low_unit != unit:
        return f"about {low:g} {low_unit} to {high:g} {unit}"
    return f"about {low:g} {unit}" if low == high else f"about {low:g} to {high:g} {unit}"


def _grain(seconds: float) -> tuple[float, int, str]:
    """To what a time of this size is rounded, in seconds, and the unit it is told in: seconds of it, and name."""
    if seconds < 10:
        return 1, 1, "s"
    if seconds < 90:
        return 5, 1, "s"
    if seconds < 90 * 60:
        return 60, 60, "min"
    return (1800, 3600, "h") if seconds < 48 * 3600 else (43_200, 86_400, "d")
