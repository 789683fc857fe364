"""Speeds of objects on the ground, as the page shows them."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from frametally.regions.messages import speed_definition
from frametally.regions.shapes import Scale
from frametally.regions.speeds import PER_S
from frametally.rendering.regions.reports.counted import Counted


class SpeedRow(Struct, frozen=True, kw_only=True):
    """Speeds of one class."""

    name: str
    color: str
    count: int
    """Objects whose speed is known."""
    median: float
    highest: float
    """Of one object."""
    entry: int
    """Where this object is fastest."""


class SpeedReport(Struct, frozen=True):
    """Speeds of all classes."""

    unit: str
    definition: str
    classes: list[SpeedRow]


def speed_report(counted: Counted, scale: Scale | None) -> SpeedReport | None:
    """The speeds by the medians of tracks; None without a scale.

    Raises:
        RegionsError: the distances contradict each other, or the points are on one line.
    """
    if scale is None:
        return None
    tracks = counted.tracks
    found = counted.speeds(scale)
    ids, first = np.unique(tracks.track_id, return_index=True)
    code, of_track = counted.codes[tracks.class_code[first]], found.of_track[ids - 1] * PER_S[scale.unit]
    rows = []
    for at, look in enumerate(counted.looks):
        own = np.flatnonzero((code == at) & np.isfinite(of_track))
        if len(own):
            fastest = own[np.argmax(of_track[own])]
            of_rows = np.flatnonzero(tracks.track_id == ids[fastest])
            entry = tracks.entry[of_rows[np.nanargmax(found.of_row[of_rows])]]
            rows.append(
                SpeedRow(
                    name=look.name,
                    color=look.color,
                    count=len(own),
                    median=float(np.median(of_track[own])),
                    highest=float(of_track[fastest]),
                    entry=int(entry),
                )
            )
    return SpeedReport(scale.unit, speed_definition(scale), rows)
