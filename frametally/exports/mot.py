"""Export the tracks of a view as MOT text (Leal-Taixé et al. 2015; motchallenge.net/instructions).

    frame, id, left, top, width, height, confidence, class, visibility

Frames are those of the video, from 1; classes are numbers from 1, in the order of the names of the view. How visible an
object is is not known: it is always 1.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from frametally.analysis.view import View
from frametally.storage.atomic import PendingFile
from frametally.tracking.tracks import Tracks, filtered

_ROWS = 1 << 14


def write_mot(view: View, tracks: Tracks, path: Path) -> None:
    """A line for each box of the tracks that is in the view, ordered by frame, then track."""
    shown = filtered(tracks, view)
    order = np.lexsort((shown.track_id, shown.entry))
    file = PendingFile(path)
    try:
        for start in range(0, len(order), _ROWS):
            file.write(_lines(view, shown.picked(order[start : start + _ROWS])).encode())
        file.commit()
    finally:
        file.discard()


def _lines(view: View, rows: Tracks) -> str:
    frames = (view.results.frame_index[rows.entry] + 1).tolist()
    corners = rows.xyxy.astype(np.float64)
    boxes = np.column_stack([corners[:, :2], corners[:, 2:] - corners[:, :2]]).tolist()
    codes = (view.codes[rows.class_code] + 1).tolist()
    parts = zip(frames, rows.track_id.tolist(), boxes, rows.confidence.tolist(), codes, strict=True)
    return "".join(
        f"{frame},{number},{left:.2f},{top:.2f},{width:.2f},{height:.2f},{confidence:.4f},{code},1\n"
        for frame, number, (left, top, width, height), confidence, code in parts
    )
