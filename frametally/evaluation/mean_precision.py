"""Mean average precision, as COCO defines it (Lin et al. 2014), computed by `supervision.metrics`.

It is of all boxes of the model, whatever their confidence; at most the 100 most confident of a frame and class count.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from frametally.evaluation.aligned import Aligned
from frametally.results import Boxes


class MeanPrecision(NamedTuple):
    """Of all classes that have labeled boxes, and of each of them."""

    map50: float
    map50_95: float
    ap50: dict[str, float]
    ap50_95: dict[str, float]


def mean_precision(aligned: Aligned) -> MeanPrecision | None:
    """The mean average precision; None if no box is labeled."""
    from supervision.metrics import MeanAveragePrecision  # slow to import

    truth = aligned.truth
    if not (~aligned.ignored).any():
        return None
    metric = MeanAveragePrecision()
    frames = len(aligned.time_s)
    found, labeled = _frames_of(aligned.found, frames), _frames_of(truth, frames)
    metric.update(
        [_detections(aligned.found, here, None) for here in found],
        [_detections(truth, here, aligned.ignored) for here in labeled],
    )
    result = metric.compute()
    names = [aligned.classes[code] for code in result.matched_classes.tolist()]
    rows = {name: row[row > -1] for name, row in zip(names, result.ap_per_class, strict=True) if row[0] > -1}
    return MeanPrecision(
        map50=float(result.map50),
        map50_95=float(result.map50_95),
        ap50={name: float(row[0]) for name, row in rows.items()},
        ap50_95={name: float(row.mean()) for name, row in rows.items()},
    )


def _frames_of(boxes: Boxes, frames: int) -> list[slice]:
    edges = np.searchsorted(boxes.entry, np.arange(frames + 1)).tolist()
    return [slice(start, stop) for start, stop in pairwise(edges)]


def _detections(boxes: Boxes, here: slice, ignored: npt.NDArray[np.bool_] | None) -> Any:
    from supervision import Detections

    return Detections(
        xyxy=boxes.xyxy[here],
        class_id=boxes.class_code[here].astype(np.int64),
        confidence=boxes.confidence[here],
        data={} if ignored is None else {"iscrowd": ignored[here].astype(np.int64)},
    )
