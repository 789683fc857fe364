"""Curves over time for each kind of results: scores, area shares, gaze, similarity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.analysis.class_mapping import Floats, add_known
from frametally.analysis.similarity import DEFINITIONS as _SIMILARITY
from frametally.analysis.similarity import similarity_to
from frametally.analysis.timeline.points import MAX_POINTS, points_of
from frametally.analysis.view import View, ViewedBoxes, chunks_of
from frametally.results import Kind

DEFINITIONS: Final = {
    "Probability": "probability of each class in a frame; those of merged classes are added, because a frame has "
    "only one class",
    "Probability of a label": "probability of each label in a frame; merged labels have the highest of their "
    "probabilities, because a frame can have several labels",
    "Area share": "pixels of a class as a share of all pixels of the mask; those of merged classes are added",
    "Yaw and pitch": "gaze direction of the face with the highest confidence (on a tie, the largest), in degrees; a "
    "gap if no face reaches the threshold",
    "Faces": "faces at or above the threshold per analyzed frame",
}
"""What each curve means; shown with it."""

_SCORES: Final[dict[Kind, tuple[str, str, Callable[[Floats, Floats], Floats]]]] = {
    Kind.CLASSIFICATION: ("Probability", DEFINITIONS["Probability"], add_known),
    Kind.MULTI_LABEL: ("Probability of each label", DEFINITIONS["Probability of a label"], np.fmax),
    Kind.SEMANTIC: ("Area share", DEFINITIONS["Area share"], add_known),
}
"""Title, definition, and how the values of merged classes are joined."""


@dataclass(frozen=True)
class Series:
    """Curves over time, with the same points as the counts."""

    names: tuple[str, ...]
    starts: npt.NDArray[np.int64]
    """(m,) first entry of each point."""
    time_s: npt.NDArray[np.float64]
    """(m,) time of that entry, seconds after the first frame."""
    values: npt.NDArray[np.float64]
    """(m, len(names)) mean of the analyzed entries of a point; NaN if unknown."""
    unit: str
    title: str
    definition: str

    def strongest(self, max_curves: int) -> Series:
        """At most `max_curves` curves, those with the highest maximum, in the same order."""
        peak = np.where(np.isnan(self.values), -np.inf, self.values).max(axis=0, initial=-np.inf)
        kept = np.sort(np.argsort(-peak, kind="stable")[:max_curves])
        return replace(self, names=tuple(self.names[at] for at in kept), values=self.values[:, kept])


def series_of(view: View, max_points: int = MAX_POINTS, bucket_s: float | None = None) -> list[Series]:
    """The curves for the kind of results; none for boxes (see `count`) and CLIP (see `similarity_series`)."""
    match view.table.kind:
        case Kind.CLASSIFICATION | Kind.MULTI_LABEL | Kind.SEMANTIC:
            return [_scores(view, max_points, bucket_s)]
        case Kind.GAZE:
            return _gaze(view, max_points, bucket_s)
        case _:
            return []


def similarity_series(view: View, entry: int, max_points: int = MAX_POINTS, bucket_s: float | None = None) -> Series:
    """Cosine similarity of each frame in the time range to that of one entry (CLIP).

    Raises:
        ResultsError: that entry was not analyzed.
    """
    values = similarity_to(view.results, view.model, entry)[:, np.newaxis]
    starts, means = _means(view, 1, lambda start, stop: values[start:stop], max_points, bucket_s)
    return Series(
        names=("similarity",),
        starts=starts,
        time_s=view.results.time_s[starts],
        values=means,
        unit="cosine",
        title="Similarity to this frame",
        definition=_SIMILARITY["Similarity"],
    )


def _scores(view: View, max_points: int, bucket_s: float | None) -> Series:
    title, definition, join = _SCORES[view.table.kind]

    def read(start: int, stop: int) -> Floats:
        return view.classes.merge(view.results.scores(view.model, start, stop), view.table.classes, join)

    starts, means = _means(view, len(view.names), read, max_points, bucket_s)
    return Series(view.names, starts, view.results.time_s[starts], means, "share, 0 to 1", title, definition)


def _gaze(view: View, max_points: int, bucket_s: float | None) -> list[Series]:
    codes = view.codes

    def read(start: int, stop: int) -> Floats:
        return _faces(view, view.chunk(start, stop, codes))

    starts, means = _means(view, 3, read, max_points, bucket_s)
    time_s = view.results.time_s[starts]
    direction, faces = DEFINITIONS["Yaw and pitch"], DEFINITIONS["Faces"]
    return [
        Series(("yaw", "pitch"), starts, time_s, means[:, :2], "°", "Gaze direction", direction),
        Series(("faces",), starts, time_s, means[:, 2:], "faces per frame", "Faces", faces),
    ]


def _faces(view: View, piece: ViewedBoxes) -> Floats:
    """(stop - start, 3) yaw and pitch of the main face in degrees, and the number of faces."""
    boxes = piece.boxes
    values = np.full((piece.stop - piece.start, 3), np.nan)
    values[:, 2] = np.bincount(boxes.entry - piece.start, minlength=len(values))
    values[~view.table.analyzed[piece.start : piece.stop], 2] = np.nan
    area = np.prod(boxes.xyxy[:, 2:] - boxes.xyxy[:, :2], axis=1)
    main_first = np.lexsort((-area, -boxes.confidence, boxes.entry))
    entries, first = np.unique(boxes.entry[main_first], return_index=True)
    yaw_pitch = view.results.gaze(view.model, piece.start, piece.stop)[piece.position]
    values[entries - piece.start, :2] = np.degrees(yaw_pitch[main_first[first]])
    return values


def _means(
    view: View, columns: int, read: Callable[[int, int], Floats], max_points: int, bucket_s: float | None
) -> tuple[npt.NDArray[np.int64], Floats]:
    """(m,) first entry of each point and (m, columns) mean of the known values in it; points as in `count`.

    `read` returns the (stop - start, columns) values of entries [start, stop).
    """
    points = points_of(view, max_points, bucket_s)
    size = len(points.starts)
    total, known = np.zeros((size, columns)), np.zeros((size, columns))
    for start, stop in chunks_of(range(int(points.starts[0]), int(points.stops[-1])) if size else range(0)):
        values = read(start, stop)
        point = points.of_entries(np.arange(start, stop))
        np.add.at(total, point, np.nan_to_num(values))
        np.add.at(known, point, ~np.isnan(values))
    return points.starts, np.divide(total, known, out=np.full_like(total, np.nan), where=known > 0)
