"""The views that are counted at the moment: while lines are moved, their tracks are not filtered again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final, NamedTuple

from frametally.analysis.view import View
from frametally.rendering.regions.reports.counted import Counted
from frametally.tracking.tracks import Tracks

MAX_OPEN: Final = 4


class _Open(NamedTuple):
    tracks: Tracks
    """Of which it was made; others, if the results were written again."""
    counted: Counted


class CountedViews:
    """The most recently used views. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: OrderedDict[object, _Open] = OrderedDict()

    def get(self, tracks: Tracks, view: View, colors: Mapping[str, str]) -> Counted:
        """The part of the tracks that is in the view."""
        key = (view.key, tuple(colors.items()))
        with self._lock:
            known = self._open.get(key)
            if known and known.tracks is tracks:
                self._open.move_to_end(key)
                return known.counted
        counted = Counted.of(tracks, view, colors)
        with self._lock:
            self._open[key] = _Open(tracks, counted)
            self._open.move_to_end(key)
            while len(self._open) > MAX_OPEN:
                self._open.popitem(last=False)
        return counted
