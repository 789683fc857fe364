"""The tracks of a view, with the classes as it shows them, and what has been counted with them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from frametally.analysis.view import View
from frametally.regions.crossings import Crossings, crossings
from frametally.regions.occupancy import Occupancy, occupancy
from frametally.regions.shapes import Line, Scale, Zone
from frametally.regions.speeds import Speeds, speeds
from frametally.regions.visits import Visits, visits
from frametally.rendering.regions.reports.class_look import ClassLook
from frametally.rendering.regions.reports.figures import bin_edges
from frametally.tracking.messages import tracking_warning
from frametally.tracking.tracks import Tracks, filtered

MAX_KEPT: Final = 256
"""Counts of lines and zones that are kept; the others of a set are not counted again when one is moved."""
MAX_KEPT_BYTES: Final = 64 << 20
T = TypeVar("T", Crossings, Visits, Occupancy, Speeds)


class Counted:
    """What lines and zones count in a view. Thread-safe."""

    max_kept_bytes = MAX_KEPT_BYTES

    def __init__(
        self,
        tracks: Tracks,
        codes: npt.NDArray[np.int32],
        looks: Sequence[ClassLook],
        edges_s: npt.NDArray[np.float64],
    ) -> None:
        """Of these tracks.

        Args:
            tracks: those in the view.
            codes: index in `looks` of each class of the model; -1 for those that are not shown.
            looks: of the classes of the view.
            edges_s: of the bins of all charts.
        """
        self.tracks, self.codes, self.looks, self.edges_s = tracks, codes, looks, edges_s
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Crossings | Visits | Occupancy | Speeds] = OrderedDict()

    @classmethod
    def of(cls, tracks: Tracks, view: View, colors: Mapping[str, str]) -> Counted:
        """The part of the tracks that is in the view."""
        first_s, last_s = view.time_range_s or (0.0, float(view.results.time_s[-1]))
        looks = [ClassLook(name, colors[name]) for name in view.names]
        return cls(filtered(tracks, view), view.codes, looks, bin_edges(first_s, last_s))

    def crossings(self, line: Line) -> Crossings:
        """Those of a line, whatever its name and color."""
        key = (line.start, line.end, line.anchor, line.hysteresis_px)
        return self._once(key, lambda: crossings(self.tracks, line))

    def visits(self, zone: Zone) -> Visits:
        """Those of a zone, whatever its name and color."""
        key = (zone.points, zone.anchor, zone.bridged_gap_s)
        return self._once(key, lambda: visits(self.tracks, zone))

    def occupancy(self, zone: Zone) -> Occupancy:
        """That of a zone, whatever its name and color."""
        return self._once((zone.points, zone.anchor), lambda: occupancy(self.tracks, zone))

    def speeds(self, scale: Scale) -> Speeds:
        """Those of all tracks, in whatever unit they are shown.

        Raises:
            RegionsError: the distances contradict each other, or the points are on one line.
        """
        key = (scale.points, scale.sides_m, scale.diagonal_m)
        return self._once(key, lambda: speeds(self.tracks, scale))

    @cached_property
    def warning(self) -> str:
        """Why objects may be counted wrongly."""
        return tracking_warning(self.tracks)

    @cached_property
    def objects(self) -> list[int]:
        """Number of tracks of each class of the view."""
        first = np.flatnonzero(np.diff(self.tracks.track_id, prepend=0))
        code = self.codes[self.tracks.class_code[first]]
        counts: list[int] = np.bincount(code, minlength=len(self.looks)).tolist()
        return counts

    def by_shown_class(self, counts: npt.NDArray[np.signedinteger[Any]]) -> npt.NDArray[np.int64]:
        """(a, looks) of (a, classes of the model): classes of one name are added."""
        shown = np.zeros((len(counts), len(self.looks)), np.int64)
        for at, code in enumerate(self.codes.tolist()):
            if code >= 0:
                shown[:, code] += counts[:, at]
        return shown

    def _once(self, key: Hashable, make: Callable[[], T]) -> T:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]  # type: ignore[return-value]  # made by the same function
        found = make()
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > MAX_KEPT or sum(map(_bytes_of, self._kept.values())) > self.max_kept_bytes:
                self._kept.popitem(last=False)
        return found


def _bytes_of(found: Crossings | Visits | Occupancy | Speeds) -> int:
    return sum(column.nbytes for column in vars(found).values())
