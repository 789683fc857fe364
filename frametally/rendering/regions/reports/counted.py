"""The tracks of a view, with the classes as it shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frametally.analysis.view import View
from frametally.rendering.regions.reports.class_look import ClassLook
from frametally.rendering.regions.reports.figures import bin_edges
from frametally.tracking.tracks import Tracks, filtered


@dataclass(frozen=True)
class Counted:
    """What lines and zones count."""

    tracks: Tracks
    """In the view."""
    codes: npt.NDArray[np.int32]
    """Index in `looks` of each class of the model; -1 for those that are not shown."""
    looks: Sequence[ClassLook]
    edges_s: npt.NDArray[np.float64]
    """Of the bins of all charts."""

    @classmethod
    def of(cls, tracks: Tracks, view: View, colors: Mapping[str, str]) -> Counted:
        """The part of the tracks that is in the view."""
        first_s, last_s = view.time_range_s or (0.0, float(view.results.time_s[-1]))
        looks = [ClassLook(name, colors[name]) for name in view.names]
        return cls(filtered(tracks, view), view.codes, looks, bin_edges(first_s, last_s))

    def per_look(self, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """(a, looks) of (a, classes of the model): classes of one name are added."""
        shown = np.zeros((len(counts), len(self.looks)), np.int64)
        for at, code in enumerate(self.codes.tolist()):
            if code >= 0:
                shown[:, code] += counts[:, at]
        return shown
