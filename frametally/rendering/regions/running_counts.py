"""Lines and zones with what they have counted so far, for each entry of a video."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from frametally.analysis.view import View
from frametally.regions.crossings import crossings
from frametally.regions.occupancy import occupancy
from frametally.regions.shapes import Line, RegionSet, Zone
from frametally.rendering.regions.shown_region import ShownRegion
from frametally.tracking.tracks import Tracks, filtered


class RunningCounts:
    """The counts of a view, from its beginning on."""

    def __init__(self, tracks: Tracks, view: View, regions: RegionSet) -> None:
        shown = filtered(tracks, view)
        self._lines = [(line, *_ways(shown, line)) for line in regions.lines]
        self._zones = [(zone, *_inside(shown, zone)) for zone in regions.zones]

    def at(self, entry: int) -> tuple[ShownRegion, ...]:
        """The lines with their crossings up to this entry, and the zones with what is inside."""
        return tuple(self._regions(entry))

    def _regions(self, entry: int) -> Iterator[ShownRegion]:
        for line, in_entries, out_entries in self._lines:
            ways = [int(np.searchsorted(entries, entry, side="right")) for entries in (in_entries, out_entries)]
            text = f"in {ways[0]} · out {ways[1]}"
            yield ShownRegion((line.start, line.end), is_zone=False, color=line.color, name=line.name, count=text)
        for zone, entries, counts in self._zones:
            at = int(np.searchsorted(entries, entry, side="right")) - 1
            text = f"{counts[at] if at >= 0 else 0} inside"
            yield ShownRegion(zone.points, is_zone=True, color=zone.color, name=zone.name, count=text)


def _ways(tracks: Tracks, line: Line) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Ascending entries of the crossings in and out."""
    found = crossings(tracks, line)
    return np.sort(found.entry[found.is_in]), np.sort(found.entry[~found.is_in])


def _inside(tracks: Tracks, zone: Zone) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Analyzed entries, and how many objects are inside."""
    found = occupancy(tracks, zone)
    return found.entry, found.counts.sum(axis=1)
