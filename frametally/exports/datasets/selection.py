"""Which frames a dataset has, and whose boxes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from frametally.analysis.view import View
from frametally.audit.checks import Ints
from frametally.audit.counted import checkable
from frametally.evaluation.upright import Picture
from frametally.results import Boxes


class Split(StrEnum):
    """Says in folder and file names whose boxes they have."""

    CHECKED = "checked"
    """All objects of the classes that a person has seen."""
    PREDICTED = "predicted"
    """What a model found; no person has looked at it."""


@dataclass(frozen=True)
class Selection:
    """The frames of a dataset."""

    split: Split
    entries: Ints
    """(n,) ascending, each of another frame."""
    boxes: Callable[[int, Picture], Boxes]
    """The boxes of an entry in pixels of the upright picture, given its size; also those that are not finite."""
    how: str
    """How the frames were chosen, in a sentence or two."""
    notes: tuple[str, ...] = ()
    """What is left out: a sentence each."""


def exportable(view: View, frames: int) -> Ints:
    """(N,) entries in the time range that were analyzed and are not damaged, the first of each of the video's frames.

    Args:
        view: whose entries.
        frames: how many frames the video has.
    """
    entries = checkable(view)
    frame = view.results.frame_index[entries]
    inside = (frame >= 0) & (frame < frames)
    _, first = np.unique(frame[inside], return_index=True)
    return np.sort(entries[inside][first])
