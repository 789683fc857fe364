"""Tracks on the upright picture of a video, whatever picture their coordinates refer to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from frametally.analysis.unturned import is_unturned
from frametally.results import Results
from frametally.tracking.numbering import has_size
from frametally.tracking.tracks import Tracks
from frametally.video.orientation import Orientation


def upright_tracks(
    tracks: Tracks, results: Results, model: str, upright_wh: tuple[int, int], orientation: Orientation
) -> Tracks:
    """The tracks with the boxes turned that a service found in the stored picture, as players do with them.

    Boxes of entries without a size refer to the upright picture.

    Args:
        tracks: of the results, as they were kept.
        results: with the sizes that the boxes refer to.
        model: of the tracks.
        upright_wh: size of the upright frame.
        orientation: of the frames of the video.
    """
    image_wh = results.models[model].image_wh
    known = np.unique(image_wh[has_size(image_wh)], axis=0)
    if not len(known):
        return replace(tracks, size_px=upright_wh)
    sizes = [(width, height) for width, height in known.tolist()]
    stored = [size for size in sizes if is_unturned(size, upright_wh, orientation)]
    if not stored:
        return tracks
    of_row, xyxy = image_wh[tracks.entry], tracks.xyxy.copy()
    for size in stored:
        rows = (of_row == np.array(size)).all(axis=1)
        xyxy[rows] = _turned(xyxy[rows], size, orientation)
    first = tracks.size_px
    return replace(tracks, xyxy=xyxy, size_px=first[::-1] if is_unturned(first, upright_wh, orientation) else first)


def _turned(
    xyxy: npt.NDArray[np.float32], stored_wh: tuple[float, float], orientation: Orientation
) -> npt.NDArray[np.floating]:
    corners = orientation.applied_to_points(xyxy.reshape(-1, 2, 2), *stored_wh)
    return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
