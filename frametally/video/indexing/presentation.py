"""Presentation times of the coded pictures of a stream on one continuous time line.

Timestamps in files restart where recordings were joined, wrap around (33 bits in MPEG-TS), repeat, or are missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

MISSING: Final = -(1 << 62)
"""In place of a timestamp that the file does not contain."""
_WRAP_TICKS: Final = 1 << 33
"""Range of a timestamp in MPEG-TS (ISO/IEC 13818-1, 2.4.3.7)."""
_RESTART_S: Final = 0.5
"""A decoding time that steps back by at least this much begins another recording."""

Ints = npt.NDArray[np.int64]


class PacketTimes(NamedTuple):
    """The timestamps of the coded pictures, in file order; all arrays have the length n."""

    pts: Ints
    dts: Ints
    durations: Ints
    """0 where it is unknown."""
    is_key: npt.NDArray[np.bool_]

    @property
    def earliest(self) -> int:
        """The lowest time in the file, decoding times in place of missing ones; 0 if there is none."""
        stored = np.where(self.pts != MISSING, self.pts, self.dts)
        stored = stored[stored != MISSING]
        return int(stored.min()) if len(stored) else 0


def continuous(times: PacketTimes, ticks_per_s: float, *, is_transport_stream: bool) -> Ints:
    """(n,) presentation times without restarts and wraps; `MISSING` remains.

    A recording that was appended to another begins where that one ends.
    """
    clock = _clock(times)
    shifted, shift = times.pts.copy(), 0
    start = 0
    for stop, is_wrap in _breaks(clock, times.is_key, ticks_per_s, is_transport_stream=is_transport_stream):
        _shift(shifted, start, stop, shift)
        if is_wrap:
            shift += _WRAP_TICKS
        else:
            shift = _end(shifted[:stop], times.durations[:stop]) - _first(times.pts[stop:], clock, stop, ticks_per_s)
        start = stop
    _shift(shifted, start, len(shifted), shift)
    return shifted


def ascending(times: Ints) -> Ints:
    """Sorted times, each at least one tick after the one before, so that every picture has a time of its own."""
    ticks = np.arange(len(times))
    return np.asarray(np.maximum.accumulate(times - ticks) + ticks)


def filled(times: Ints, interval: int) -> Ints:
    """Times in display order with every missing one interpolated, or continued at this interval at the ends."""
    known = np.flatnonzero(times != MISSING)
    at = np.arange(len(times))
    if not len(known):
        return np.asarray(at * interval, dtype=np.int64)
    between = np.rint(np.interp(at, known, (times[known] - times[known[0]]).astype(np.float64))).astype(np.int64)
    between += times[known[0]]
    between[: known[0]] -= (known[0] - at[: known[0]]) * interval
    between[known[-1] + 1 :] += (at[known[-1] + 1 :] - known[-1]) * interval
    between[known] = times[known]
    return np.asarray(between, dtype=np.int64)


def typical_interval(times: Ints, durations: Ints) -> int:
    """The median distance of sorted times, in ticks, at least 1; of a single one, its duration."""
    known = times[times != MISSING]
    if len(known) > 1:
        return max(int(np.median(np.diff(known))), 1)
    return max(int(durations.max(initial=0)), 1)


def _clock(times: PacketTimes) -> Ints:
    """(n,) decoding times; a missing one is the next that is known, because a presentation time may be much later."""
    known = np.flatnonzero(times.dts != MISSING)
    if not len(known):
        return times.pts
    following = np.searchsorted(known, np.arange(len(times.dts)))
    return np.append(times.dts[known], MISSING)[following]


def _breaks(
    clock: Ints, is_key: npt.NDArray[np.bool_], ticks_per_s: float, *, is_transport_stream: bool
) -> Iterator[tuple[int, bool]]:
    """(first picture after it, whether the clock wrapped) of every step back of the decoding time."""
    known = np.flatnonzero(clock != MISSING)
    steps = np.diff(clock[known])
    for at in np.flatnonzero(steps < 0).tolist():
        after, back = int(known[at + 1]), -int(steps[at])
        if is_transport_stream and back > _WRAP_TICKS // 2:
            yield after, True
        elif back >= _RESTART_S * ticks_per_s or (is_transport_stream and is_key[after]):
            yield after, False


def _shift(times: Ints, start: int, stop: int, shift: int) -> None:
    part = times[start:stop]
    part[part != MISSING] += shift


def _end(times: Ints, durations: Ints) -> int:
    known = times != MISSING
    if not known.any():
        return 0
    last = int(np.argmax(np.where(known, times, MISSING)))
    return int(times[last]) + (int(durations[last]) or typical_interval(np.sort(times[known]), durations))


def _first(pts: Ints, clock: Ints, start: int, ticks_per_s: float) -> int:
    """The earliest presentation time within the first second after a restart."""
    soon = (clock[start:] < clock[start] + ticks_per_s) & (clock[start:] >= clock[start]) & (pts != MISSING)
    return int(pts[soon].min()) if soon.any() else int(clock[start])
