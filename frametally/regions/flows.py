"""From where to where tracks go: consecutive events at the regions of a set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frametally.regions.events import ENTER, IN, INSIDE_AT_START, OUT, Events
from frametally.regions.shapes import RegionSet


@dataclass(frozen=True)
class Flows:
    """How often a track was at one place and next at another."""

    places: tuple[str, ...]
    """Each line once per direction, then each zone."""
    counts: npt.NDArray[np.int64]
    """(c, p, p) of each class of the model: from (rows) to (columns)."""


def flows(found: Events, regions: RegionSet, classes: int) -> Flows:
    """The flow matrix of events; a zone counts when it is entered, or where the track is at the first look."""
    places = place_names(regions)
    rows = np.flatnonzero(np.isin(found.kind, (IN, OUT, ENTER, INSIDE_AT_START)))
    rows = rows[np.argsort(found.track_id[rows], kind="stable")]
    place = _places(found, len(regions.lines))[rows]
    same = found.track_id[rows][1:] == found.track_id[rows][:-1]
    code = found.class_code[rows][1:][same].astype(np.int64)
    size = len(places)
    key = (code * size + place[:-1][same]) * size + place[1:][same]
    counts = np.bincount(key, minlength=classes * size * size).reshape(classes, size, size)
    return Flows(places, counts)


def place_names(regions: RegionSet) -> tuple[str, ...]:
    """The names of the places of a flow matrix."""
    lines = [f"{line.name} {way}" for line in regions.lines for way in ("in", "out")]
    return (*lines, *(zone.name for zone in regions.zones))


def _places(found: Events, lines: int) -> npt.NDArray[np.int64]:
    """(m,) the index of the place of each event."""
    region = found.region.astype(np.int64)
    return np.where(region < lines, 2 * region + (found.kind == OUT), region + lines)
