"""The frames of which a model is least sure: those whose labels teach it most.

The doubt of a box is 1 where its confidence is the threshold, and falls to 0 in a straight line towards the confidences
0 and 1. The doubt of a frame is the sum of the squares of the doubts of its boxes, also of those below the threshold:
frames with several doubtful boxes come first, and many boxes that are hardly considered do not add up to much. Sums of
such margins over the boxes of a picture are what Brust, Käding and Denzler (Active Learning for Deep Object Detection,
VISAPP 2019) found to choose best.

Neighboring frames show nearly the same, so frames are chosen in the order of their doubt, each at least half of an
equal share of the time range away from those chosen before; what is then still missing is taken by doubt alone.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from frametally.analysis.view import Progress, View
from frametally.audit.checks import Ints
from frametally.errors import ResultsError
from frametally.evaluation.upright import Picture, turned_upright
from frametally.exports.datasets.selection import Selection, Split, exportable
from frametally.results import Boxes

Floats = npt.NDArray[np.float64]

_HOW = (
    "The {count} frames of which the model is least sure, spread over the time range: those with boxes whose "
    "confidence is near to the min. confidence. Frames that people have checked are not among them."
)


def least_sure_frames(
    view: View, frames: int, count: int, without: Ints | None = None, progress: Progress | None = None
) -> Selection:
    """At most `count` frames with the boxes of the view.

    Args:
        view: whose model is asked.
        frames: how many frames the video has.
        count: how many to choose.
        without: entries that are not to be chosen.
        progress: receives the share done.

    Raises:
        ResultsError: the model is sure of every frame.
    """
    entries = np.setdiff1d(exportable(view, frames), np.empty(0, np.int64) if without is None else without)
    doubt = doubts(view, progress)[entries - view.entries.start]
    chosen = entries[_spread(doubt, view.results.time_s[entries], count)]
    if not len(chosen):
        raise ResultsError("There is no frame of which the model is unsure.", "Choose a longer time range.")
    return Selection(Split.PREDICTED, chosen, _predicted(view), _HOW.format(count=len(chosen)))


def doubts(view: View, progress: Progress | None = None) -> Floats:
    """(len(view.entries),) doubt of each entry in the time range."""
    total = np.zeros(len(view.entries))
    for chunk in replace(view, confidence=0.0).in_chunks(progress):
        doubt = doubt_of(chunk.boxes.confidence, view.confidence)
        total += np.bincount(chunk.boxes.entry - view.entries.start, weights=doubt**2, minlength=len(total))
    return total


def doubt_of(confidence: Floats, threshold: float) -> Floats:
    """(b,) from 0 to 1."""
    confidence = np.clip(np.nan_to_num(confidence, nan=0.0), 0.0, 1.0)
    below = confidence / max(threshold, 1e-9)
    above = (1 - confidence) / max(1 - threshold, 1e-9)
    return np.where(confidence < threshold, below, np.minimum(above, 1.0))


def _spread(doubt: Floats, time_s: Floats, count: int) -> Ints:
    """(n,) positions, ascending; those without doubt are never chosen."""
    order = [int(at) for at in np.argsort(-doubt, kind="stable") if doubt[at] > 0]
    gap_s = float(np.ptp(time_s)) / (2 * count) if len(time_s) else 0.0
    apart = list(_apart(order, time_s, gap_s, count))
    taken = set(apart)
    rest = [at for at in order if at not in taken]
    return np.array(sorted([*apart, *rest[: count - len(apart)]]), dtype=np.int64)


def _apart(order: list[int], time_s: Floats, gap_s: float, count: int) -> Iterator[int]:
    taken: list[float] = []
    for at in order:
        if len(taken) >= count:
            return
        time = float(time_s[at])
        place = bisect.bisect(taken, time)
        if all(abs(time - other) >= gap_s for other in taken[max(place - 1, 0) : place + 1]):
            taken.insert(place, time)
            yield at


def _predicted(view: View) -> Callable[[int, Picture], Boxes]:
    def boxes(entry: int, picture: Picture) -> Boxes:
        found = view.chunk(entry, entry + 1).boxes
        found = replace(found, entry=np.zeros(len(found), dtype=np.int32))
        upright, size = turned_upright(found, view.table.image_wh[[entry]].astype(np.float64), picture)
        scale = np.tile(np.array(picture.wh) / size[0], 2)
        return replace(upright, xyxy=(upright.xyxy * scale).astype(np.float32))

    return boxes
