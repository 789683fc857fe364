"""Stays of tracks in a zone.

Looks are the analyzed frames. A stay begins at the first look with the anchor inside and ends at the first look after
the last one inside: then the object is outside, or not seen. Absences up to the tolerance of the zone do not end it.
Where a longer stretch was not analyzed just before or after it, entry or exit were not seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frametally.regions.inside import rows_inside
from frametally.regions.paths import Floats, Rows, anchor_points, long_gaps, looks_of
from frametally.regions.shapes import Zone
from frametally.tracking.tracks import ROUNDING_S, Tracks


@dataclass(frozen=True)
class Visits:
    """m stays in one zone, in order of their beginning."""

    track_id: npt.NDArray[np.int32]
    class_code: npt.NDArray[np.int32]
    enter_s: Floats
    """(m,) pts of the first look inside."""
    exit_s: Floats
    """(m,) pts of the first look after the stay; of the last look inside, if the stay is open."""
    enter_entry: npt.NDArray[np.int32]
    exit_entry: npt.NDArray[np.int32]
    is_open: npt.NDArray[np.bool_]
    """(m,) inside at the last look, or `before_gap`: the stay has no exit, and lasts at least this long."""
    was_inside: npt.NDArray[np.bool_]
    """(m,) inside at the first look, or `after_gap`: the stay has no entry, and lasts at least this long."""
    before_gap: npt.NDArray[np.bool_]
    """(m,) a long stretch that was not analyzed begins after the last look inside."""
    after_gap: npt.NDArray[np.bool_]
    """(m,) one ends before the first look inside."""
    not_analyzed_s: Floats
    """(m,) how much of the stay was not analyzed."""

    def __len__(self) -> int:
        return len(self.track_id)

    @property
    def dwell_s(self) -> Floats:
        """(m,) length of each stay."""
        return self.exit_s - self.enter_s

    @property
    def is_complete(self) -> npt.NDArray[np.bool_]:
        """(m,) whether both ends were seen."""
        return ~self.is_open & ~self.was_inside


def visits(tracks: Tracks, zone: Zone) -> Visits:
    """The stays in the zone."""
    row = rows_in(tracks, zone)
    look = looks_of(tracks, row)
    begins, ends = _stays(tracks, zone, row, look)
    first, last = look[begins], look[ends]
    order = np.lexsort((tracks.track_id[row[begins]], first))
    first, last, begins = first[order], last[order], begins[order]
    time_s, unknown_s = tracks.analyzed_time_s, _not_analyzed_before(tracks)
    gaps = long_gaps(time_s, tracks.analyzed_entry, zone.bridged_gap_s)
    before_gap, after_gap = gaps[last], np.append(False, gaps)[first]
    after = np.minimum(last + ~before_gap, max(len(time_s) - 1, 0))
    return Visits(
        track_id=tracks.track_id[row[begins]],
        class_code=tracks.class_code[row[begins]],
        enter_s=time_s[first],
        exit_s=time_s[after],
        enter_entry=tracks.entry[row[begins]],
        exit_entry=tracks.analyzed_entry[after],
        is_open=last == after,
        was_inside=(first == 0) | after_gap,
        before_gap=before_gap,
        after_gap=after_gap,
        not_analyzed_s=unknown_s[after] - unknown_s[first],
    )


def rows_in(tracks: Tracks, zone: Zone) -> Rows:
    """(m,) rows of the tracks whose anchor is in the zone."""
    return rows_inside(*anchor_points(tracks, zone.anchor), polygon_px(zone, tracks.size_px))


def polygon_px(zone: Zone, size_px: tuple[int, int]) -> Floats:
    """(k, 2) corners in displayed pixels; those at the border of the picture are moved out of it by a pixel.

    Boxes of objects that the border cuts end exactly there: a zone that was drawn to the border includes them.
    """
    points = np.array(zone.points, dtype=np.float64)
    return points * np.array(size_px, dtype=np.float64) + (points >= 1) - (points <= 0)


def median_dwell_s(found: Visits) -> float | None:
    """Median length of the stays whose both ends were seen; None without any."""
    complete = found.dwell_s[found.is_complete]
    return float(np.median(complete)) if len(complete) else None


def dwell_histogram(found: Visits, bins: int = 20) -> tuple[npt.NDArray[np.int64], Floats]:
    """(bins,) stays whose both ends were seen by their length, and (bins + 1,) edges in seconds."""
    complete = found.dwell_s[found.is_complete]
    return np.histogram(complete, bins=bins, range=(0.0, float(complete.max(initial=0.0)) or 1.0))


def _stays(tracks: Tracks, zone: Zone, row: Rows, look: Rows) -> tuple[Rows, Rows]:
    """(m,) index of the first and (m,) of the last row of each stay, among the rows inside."""
    if not len(row):
        return row, row
    time_s = tracks.analyzed_time_s
    left_s = time_s[np.minimum(look[:-1] + 1, len(time_s) - 1)]
    is_new = tracks.track_id[row[1:]] != tracks.track_id[row[:-1]]
    is_new |= (look[1:] > look[:-1] + 1) & (time_s[look[1:]] - left_s > zone.bridged_gap_s + ROUNDING_S)
    begins = np.concatenate([[0], np.flatnonzero(is_new) + 1])
    return begins, np.concatenate([begins[1:] - 1, [len(row) - 1]])


def _not_analyzed_before(tracks: Tracks) -> Floats:
    """(a,) seconds before each look that lie in stretches with entries that were not analyzed."""
    steps = np.diff(tracks.analyzed_time_s)
    skipped = np.diff(tracks.analyzed_entry) > 1
    return np.concatenate([[0.0], np.cumsum(np.where(skipped, steps, 0.0))])
