"""The boxes of one model that belong to tracks, as parallel arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.analysis.view import View

ROUNDING_S: Final = 1e-6
"""Durations that differ by less are the same: differences of times are not exact."""


@dataclass(frozen=True)
class Joined:
    """How many boxes are in tracks, of those that should be; boxes with numbers that are not finite do not count."""

    boxes: int = 0
    """Those of enough confidence to start a track; with tracker ids, all."""
    in_tracks: int = 0
    by_ids: bool = False
    """Whether the tracks are those of the results, by their tracker ids."""

    @property
    def left_out(self) -> int:
        """How many are in no track."""
        return self.boxes - self.in_tracks


@dataclass(frozen=True)
class Tracks:
    """n boxes that belong to t tracks, ordered by `track_id`, then `entry`."""

    track_id: npt.NDArray[np.int32]
    """(n,) 1 to t in the order of first sight; within one first entry by class name, then by the left side."""
    entry: npt.NDArray[np.int32]
    """(n,) entry of the results."""
    box: npt.NDArray[np.int32]
    """(n,) index of the box within its entry, as in the tables of polygons and keypoints."""
    time_s: npt.NDArray[np.float64]
    """(n,) presentation time in seconds after the first frame."""
    confidence: npt.NDArray[np.float64]
    """(n,) 0 to 1."""
    xyxy: npt.NDArray[np.float32]
    """(n, 4) corners in displayed pixels."""
    class_code: npt.NDArray[np.int32]
    """(n,) index in `classes` of the class of the track, the same in all rows of a track."""
    class_share: npt.NDArray[np.float64]
    """(t,) share of the vote, weighted by confidence, that each track's class has, in the order of the ids."""
    analyzed_entry: npt.NDArray[np.int32]
    """(a,) all analyzed entries; where the next is more than 1 higher, what is between was not analyzed."""
    analyzed_time_s: npt.NDArray[np.float64]
    """(a,) their times: between them, an object is lost; elsewhere, nothing was analyzed."""
    size_px: tuple[int, int]
    """Displayed width and height."""
    classes: tuple[str, ...]
    """Class names of the model, sorted."""
    joined: Joined = Joined()
    """Of all boxes of the model, also where these are only some rows."""

    def __len__(self) -> int:
        return len(self.track_id)

    def picked(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Tracks:
        """These rows, in this order; ids and `class_share` stay those of all tracks."""
        return replace(
            self,
            track_id=self.track_id[rows],
            entry=self.entry[rows],
            box=self.box[rows],
            time_s=self.time_s[rows],
            confidence=self.confidence[rows],
            xyxy=self.xyxy[rows],
            class_code=self.class_code[rows],
        )


def filtered(tracks: Tracks, view: View) -> Tracks:
    """The rows in a view of the same model: its threshold, classes and time range; ids do not change.

    Classes stay those of the model; a row is in the view if the class of its track is. A box below the threshold leaves
    a gap in its track and does not end it.
    """
    kept = (tracks.confidence >= view.confidence) & (view.codes[tracks.class_code] >= 0)
    shown = tracks if kept.all() else tracks.picked(kept)
    return shown if view.time_range_s is None else between(shown, *view.time_range_s)


def named(tracks: Tracks, view: View) -> Tracks:
    """Tracks of a view with its class names: those that it merges are one class."""
    return replace(tracks, class_code=view.codes[tracks.class_code], classes=view.names)


def between(tracks: Tracks, first_s: float, last_s: float) -> Tracks:
    """The rows and looks in this time."""
    looks = (tracks.analyzed_time_s >= first_s) & (tracks.analyzed_time_s <= last_s)
    return replace(
        tracks.picked((tracks.time_s >= first_s) & (tracks.time_s <= last_s)),
        analyzed_entry=tracks.analyzed_entry[looks],
        analyzed_time_s=tracks.analyzed_time_s[looks],
    )
