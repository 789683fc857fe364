"""The presentation times of a video and the entries of its results, for the browser."""

from __future__ import annotations

import numpy as np

from frametally.analysis.view import View
from frametally.rendering.playback.packing import pack
from frametally.video.frame_index import FrameIndex

ANALYZED, DAMAGED = 1, 2
"""Bits of `state`."""


def packed_times(view: View, index: FrameIndex | None) -> bytes:
    """Times of all frames, and frame, time and state of all entries; without times if there is no video.

    `deltas` (n,) int32: distance of each frame from the one before it, in the time base; 0 for the first one.
    `frame` (m,) int32: display index of each entry's frame; those that the file lacks are beyond its end.
    `time_s` (m,) float64: seconds after the first frame. `state` (m,) uint8: the bits above.
    """
    results = view.results
    state = view.table.analyzed * ANALYZED + results.damaged * DAMAGED
    facts = {"base": [1, 1], "frames": 0, "held": 0}
    deltas = np.zeros(0, np.int32)
    if index is not None:
        deltas = np.diff(index.pts, prepend=index.pts[0]).astype(np.int32)
        base = index.time_base
        facts = {
            "base": [base.numerator, base.denominator],
            "frames": len(index),
            "held": index.held_end_pts - int(index.pts[-1]),
        }
    return pack(
        facts,
        time_s=results.time_s.astype(np.float64),
        deltas=deltas,
        frame=results.frame_index.astype(np.int32),
        state=state.astype(np.uint8),
    )
