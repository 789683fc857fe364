"""How many tracks are in a zone at each analyzed look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frametally.regions.paths import Floats, looks_of
from frametally.regions.shapes import Zone
from frametally.regions.visits import rows_in
from frametally.tracking.tracks import Tracks


@dataclass(frozen=True)
class Occupancy:
    """The boxes of tracks whose anchor is in one zone; unlike stays, absences are not bridged."""

    time_s: Floats
    """(a,) pts of the analyzed looks."""
    entry: npt.NDArray[np.int32]
    """(a,) their entries; where the next is more than 1 higher, what is between was not analyzed: unknown, not 0."""
    counts: npt.NDArray[np.int32]
    """(a, c) boxes of each class of the model."""

    @property
    def is_followed_by_gap(self) -> npt.NDArray[np.bool_]:
        """(a,) whether a stretch that was not analyzed follows."""
        return np.append(np.diff(self.entry) > 1, False)


def occupancy(tracks: Tracks, zone: Zone) -> Occupancy:
    """The occupancy of the zone."""
    row = rows_in(tracks, zone)
    size = (len(tracks.analyzed_time_s), len(tracks.classes))
    key = looks_of(tracks, row) * size[1] + tracks.class_code[row]
    counts = np.bincount(key, minlength=size[0] * size[1]).astype(np.int32).reshape(size)
    return Occupancy(tracks.analyzed_time_s, tracks.analyzed_entry, counts)
