"""Number tracks in the order of first sight."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from frametally.results import Results
from frametally.tracking.rows import Rows, by_track
from frametally.tracking.tracks import Tracks
from frametally.tracking.votes import elected

Floats = npt.NDArray[np.float64]


def numbered(rows: Rows, results: Results, model: str) -> Tracks:
    """The rows, which are reordered, as tracks: each has one class, and ids from 1 in the order of first sight."""
    order, starts = by_track(rows)
    sizes = np.diff(starts, append=len(order))
    codes, shares = elected(rows, order, starts, len(results.models[model].classes))
    first = order[starts]
    by_sight = np.lexsort((first, rows.xyxy[first, 0], codes, rows.entry[first]))
    rank = np.empty(len(starts), dtype=np.int32)
    rank[by_sight] = np.arange(1, len(starts) + 1)
    track_id = np.repeat(rank, sizes)
    final = np.argsort(track_id, kind="stable")
    rows.pick(order[final])
    _scale_to_one_size(rows, results.models[model].image_wh)
    return completed(
        Columns(
            track_id=track_id[final],
            entry=rows.entry,
            box=rows.box,
            confidence=rows.confidence,
            xyxy=rows.xyxy,
            class_code=np.repeat(codes[by_sight], sizes[by_sight]),
        ),
        shares[by_sight],
        results,
        model,
    )


class Columns(NamedTuple):
    """The columns of `Tracks` that the results do not have."""

    track_id: npt.NDArray[np.int32]
    entry: npt.NDArray[np.int32]
    box: npt.NDArray[np.int32]
    confidence: Floats
    xyxy: npt.NDArray[np.float32]
    class_code: npt.NDArray[np.int32]


def completed(columns: Columns, class_share: Floats, results: Results, model: str) -> Tracks:
    """The tracks, with what the results say about their entries."""
    table = results.models[model]
    analyzed = table.analyzed.nonzero()[0]
    return Tracks(
        **columns._asdict(),
        class_share=class_share,
        time_s=results.time_s[columns.entry],
        analyzed_entry=analyzed.astype(np.int32),
        analyzed_time_s=results.time_s[analyzed],
        size_px=_size_px(table.image_wh, columns.xyxy),
        classes=table.classes,
    )


def _size_px(image_wh: npt.NDArray[np.float32], xyxy: npt.NDArray[np.float32]) -> tuple[int, int]:
    """The size that the first entry with one has; if none has one, what contains all boxes."""
    known = image_wh[has_size(image_wh)]
    width, height = known[0] if len(known) else np.ceil(xyxy[:, 2:].max(axis=0, initial=1.0))
    return int(width), int(height)


def _scale_to_one_size(rows: Rows, image_wh: npt.NDArray[np.float32]) -> None:
    """Where pictures of the video have several sizes, refer to the first one, as players show all in one place."""
    known = has_size(image_wh)
    if not known.any():
        return
    size = image_wh[known.argmax()]
    others = (known & (image_wh != size).any(axis=1))[rows.entry]
    if others.any():
        factors = size / image_wh[rows.entry[others]]
        rows.xyxy[others] *= np.tile(factors, 2)


def has_size(image_wh: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """(n,) whether the size of each picture is known."""
    return np.asarray((np.isfinite(image_wh) & (image_wh >= 1)).all(axis=1))
