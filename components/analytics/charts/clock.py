"""The time axis in time of day, for recordings whose start is known."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from components.analytics.charts.time_chart import Trace, step_of_ticks

_DAY_S = 86_400.0


def clock_axis(range_s: tuple[float, float], start: datetime) -> Trace:
    """Ticks at round times of day, in the time zone of `start`; a tick on another day than the one before names it."""
    step_s = step_of_ticks(range_s[1] - range_s[0])
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    start_s = (start - midnight).total_seconds()  # of its day
    ticks = range(math.ceil((start_s + max(range_s[0], 0.0)) / step_s), math.floor((start_s + range_s[1]) / step_s) + 1)
    labels, day = [], -1
    for tick in ticks:
        of_day_s = tick * step_s
        label = _label(midnight + timedelta(seconds=of_day_s), step_s)
        is_new_day = of_day_s // _DAY_S > max(day, 0)
        day = int(of_day_s // _DAY_S)
        labels.append(f"{midnight + timedelta(seconds=of_day_s):%d %b} {label}" if is_new_day else label)
    title = f"Time of day ({start:%d %b %Y}, {zone_name(start)})"
    return {"tickvals": [tick * step_s - start_s for tick in ticks], "ticktext": labels, "title": {"text": title}}


def zone_name(time: datetime) -> str:
    """`UTC`, `UTC+02:00`."""
    offset = time.utcoffset() or timedelta()
    minutes = round(offset.total_seconds() / 60)
    sign = "-" if minutes < 0 else "+"
    return f"UTC{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}" if minutes else "UTC"


def _label(time: datetime, step_s: float) -> str:
    if step_s >= 60:
        return f"{time:%H:%M}"
    return f"{time:%H:%M:%S}" if step_s >= 1 else f"{time:%H:%M:%S}.{time.microsecond // 100_000}"
