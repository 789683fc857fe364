"""Place the entries of results on the frames of the stored video, and mark those whose frame is damaged there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from frametally.contract import INDEX_VERSION
from frametally.results import Results
from frametally.video.frame_index import FrameIndex


def place_results(results: Results, index: FrameIndex, damaged: npt.NDArray[np.bool_] | None) -> Results:
    """The results with the frame numbers of this index, and with the damage of the video.

    Results that were received under an earlier version of the index are placed by their times: its numbers may have
    meant other frames.

    Args:
        results: as read from their archive.
        index: of the video that they are about.
        damaged: (n,) as from `find_damage`; None if it is not known.
    """
    version = results.manifest.index_version
    frame_index = results.frame_index
    if version < INDEX_VERSION and len(index.pts):
        frame_index = _by_time(results, index, version)
    marked = results.damaged
    if damaged is not None:
        is_in_file = (frame_index >= 0) & (frame_index < len(damaged))
        marked = marked | (is_in_file & damaged[np.where(is_in_file, frame_index, 0)])
    return replace(results, frame_index=frame_index, damaged=marked)


def _by_time(results: Results, index: FrameIndex, version: int) -> npt.NDArray[np.int64]:
    """Numbers of declared frames behind the end of a truncated file remain."""
    origin_s = float((index.origins[version - 1] - int(index.pts[0])) * index.time_base)
    is_in_file = results.time_s + origin_s <= index.times_s[-1] + _margin_s(index)
    return np.where(is_in_file, index.positions_at(results.time_s, version), results.frame_index)


def _margin_s(index: FrameIndex) -> float:
    """Half a frame."""
    return float(index.times_s[-1]) / (2 * len(index) - 2) if len(index) > 1 else 0.0
