"""Join the stored boxes of one model to tracks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from frametally.analysis.view import Progress, chunks_of
from frametally.memory import release_freed_memory
from frametally.results import Boxes, Results
from frametally.tracking.given import GivenTracks
from frametally.tracking.joining.joiner import Joiner
from frametally.tracking.joining.looks import Looks
from frametally.tracking.numbering import numbered
from frametally.tracking.rows import Rows, concatenated, is_long_enough, rows_of
from frametally.tracking.settings import TrackerSettings
from frametally.tracking.tracks import Joined, Tracks

_NONE = Boxes(
    entry=np.zeros(0, dtype=np.int32),
    class_code=np.zeros(0, dtype=np.int32),
    class_id=np.zeros(0, dtype=np.int32),
    confidence=np.zeros(0),
    xyxy=np.zeros((0, 4), dtype=np.float32),
    tracker_id=None,
)


def track(
    results: Results, model: str, settings: TrackerSettings | None = None, progress: Progress | None = None
) -> Tracks:
    """The tracks of a model; the same results and settings always give the same tracks.

    Boxes of every confidence take part. If the results have tracker ids, these are the tracks, whatever the settings.

    Raises:
        ResultsError: the results are damaged.
        KeyError: there is no such model.
    """
    settings = settings or TrackerSettings()
    joiner, given = Joiner(settings), GivenTracks()
    parts = [rows_of(_NONE, _NONE.entry)]
    able = 0
    for boxes, looks in _chunks(results, model, progress):
        given.add(boxes)
        if not given:
            able += int(np.count_nonzero(boxes.is_finite & (boxes.confidence >= settings.first_confidence)))
            parts.append(_joined(boxes, looks, results.time_s, joiner, settings))
    if given:
        return replace(numbered(given.rows(), results, model), joined=given.joined)
    rows = concatenated(parts)
    release_freed_memory()  # that of the parts
    rows.pick(is_long_enough(rows, results.time_s, settings.min_length_s))
    joined = Joined(able, int(np.count_nonzero(rows.confidence >= settings.first_confidence)))
    return replace(numbered(rows, results, model), joined=joined)


def _chunks(results: Results, model: str, progress: Progress | None) -> Iterator[tuple[Boxes, npt.NDArray[np.intp]]]:
    """All boxes in pieces of bounded size, each with the entries that were analyzed."""
    table = results.models[model]
    for start, stop in chunks_of(range(len(results.time_s)), progress):
        looks = start + table.analyzed[start:stop].nonzero()[0]
        yield results.boxes(model, start, stop) if table.kind.has_boxes else _NONE, looks


def _joined(
    boxes: Boxes,
    looks: npt.NDArray[np.intp],
    time_s: npt.NDArray[np.float64],
    joiner: Joiner,
    settings: TrackerSettings,
) -> Rows:
    """The boxes of these looks that belong to tracks, without those of tracks that have ended and do not count."""
    before = joiner.tracks
    parts = Looks(boxes, looks, time_s[looks], settings.high_confidence)
    for look in parts:
        joiner.join(look)
    rows = rows_of(boxes, parts.numbers)
    is_open = (rows.number < before) | np.isin(rows.number, joiner.alive)
    rows.pick(is_open | is_long_enough(rows, time_s, settings.min_length_s))
    return rows
