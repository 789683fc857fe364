"""Cut the entries of a job into pieces that can be analyzed apart. Pure.

A piece is decoded from the last keyframe before its first frame. It may begin where decoding from there gives exactly
the same pixels, and where few frames are decoded for a second time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from frametally.video.frame_index import FrameIndex

TARGET_S: Final = 4.0
"""Work of a piece: short enough for a new job to start soon, long enough to make its fixed costs small."""
MAX_REPEATED_SHARE: Final = 0.1
"""Of the work of a piece: frames before its first one that another piece decodes as well."""
LONGEST: Final = 1.5
"""A piece may be this many times as long, so that the next one begins closer to its keyframe."""
LAST: Final = 0.25
"""Share of the work that is left which a piece may have, but at least of `target_s`: the last pieces are short, so that
workers that share a job end at about the same time."""


class Piece(NamedTuple):
    """The entries [start, stop) of a job."""

    start: int
    stop: int

    @property
    def entries(self) -> range:
        return range(self.start, self.stop)


@dataclass(frozen=True)
class Pace:
    """Measured seconds on one core."""

    frame_s: float
    """To decode one frame."""
    entry_s: float
    """To run all models on one frame."""


@dataclass(frozen=True)
class Costs:
    """What the entries of a job take, as far as their frames are in the file."""

    keyframe_rows: npt.NDArray[np.int64]
    """(n,) row in `FrameIndex.keyframes` of the keyframe from which each entry is decoded; -1 for the start."""
    lead_s: npt.NDArray[np.float64]
    """(n,) to decode what lies between this keyframe and the frame."""
    until_s: npt.NDArray[np.float64]
    """(n + 1,) to analyze all entries before this one in one go."""

    def of(self, piece: Piece) -> float:
        """Expected seconds of a piece by itself."""
        stop = min(piece.stop, len(self.until_s) - 1)
        if piece.start >= stop:
            return 0.0
        return float(self.until_s[stop] - self.until_s[piece.start] + self.lead_s[piece.start])


def costs_of(index: FrameIndex, planned: npt.NDArray[np.int64], pace: Pace) -> Costs:
    """The expected work for each entry whose frame is in the file."""
    in_file = planned[planned < len(index)]
    keyframes = index.keyframes[:, 0] if index.keyframes.ndim == 2 else np.empty(0, np.int64)
    rows = np.searchsorted(keyframes, index.pts[in_file], side="right") - 1
    starts = np.searchsorted(index.pts, keyframes)
    lead = in_file - np.where(rows >= 0, starts[rows] if len(starts) else 0, 0)
    decoded = np.minimum(np.diff(in_file, prepend=-1), lead + 1)
    until_s = np.concatenate([[0.0], np.cumsum(decoded * pace.frame_s + pace.entry_s)])
    return Costs(rows, np.asarray(lead * pace.frame_s, np.float64), until_s.astype(np.float64))


def cut(
    entries: int, costs: Costs, *, is_exact: Callable[[int], bool] | None, target_s: float = TARGET_S
) -> list[Piece]:
    """Pieces of about the same work that cover all entries once, in order.

    Args:
        entries: their number, with those whose frames are not in the file.
        costs: of the entries.
        is_exact: whether decoding from a row of the keyframes gives the same pixels as from the start of the file; None
            if the job must stay whole.
        target_s: work of a piece.
    """
    pieces, start, in_file = [], 0, len(costs.keyframe_rows)
    while is_exact is not None:
        done_s = costs.until_s[start]
        piece_s = min(target_s, LAST * max(target_s, costs.until_s[-1] - done_s))
        at = max(int(np.searchsorted(costs.until_s, done_s + piece_s)), start + 1)
        while at < in_file and not _may_begin(at, costs, is_exact, piece_s):
            at += 1
        if at >= in_file:
            break
        limit = int(np.searchsorted(costs.until_s, done_s + LONGEST * piece_s))
        nearest = at + int(np.argmin(costs.lead_s[at : max(at + 1, min(limit, in_file))]))
        at = nearest if _may_begin(nearest, costs, is_exact, piece_s) else at
        pieces.append(Piece(start, at))
        start = at
    return [*pieces, Piece(start, entries)]


def _may_begin(entry: int, costs: Costs, is_exact: Callable[[int], bool], piece_s: float) -> bool:
    rows = costs.keyframe_rows
    is_near = costs.lead_s[entry] <= MAX_REPEATED_SHARE * piece_s
    is_first = rows[entry] != rows[entry - 1]
    return (is_near or is_first) and (rows[entry] < 0 or is_exact(int(rows[entry])))
