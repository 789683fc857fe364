"""Tracks on the upright picture of a video, whatever picture their coordinates refer to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from frametally.analysis.unturned import is_unturned
from frametally.results import Results
from frametally.tracking.numbering import has_size
from frametally.tracking.tracks import Tracks
from frametally.video.displayed_frame import first_displayed
from frametally.video.orientation import Orientation


class ShownTracks(NamedTuple):
    """Tracks on the picture as a player shows it."""

    tracks: Tracks
    displayed_wh: tuple[int, int]
    """Its size; without a video, that of the analyzed picture."""


def shown_tracks(tracks: Tracks, results: Results, model: str, video: Path | None) -> ShownTracks:
    """The tracks of results on the picture of their video.

    Raises:
        VideoError: none of its frames can be decoded.
    """
    if video is None:
        return ShownTracks(tracks, tracks.size_px)
    first = first_displayed(video)
    height_px, width_px = first.image.shape[:2]
    shown = upright_tracks(tracks, results, model, first.analyzed_wh, first.orientation)
    return ShownTracks(shown, (width_px, height_px))


def upright_tracks(
    tracks: Tracks, results: Results, model: str, upright_wh: tuple[int, int], orientation: Orientation
) -> Tracks:
    """The tracks with the boxes turned that a service found in the stored picture, as players do with them.

    Boxes refer to the upright picture if no size is known.

    Args:
        tracks: of the results, as they were kept.
        results: with the sizes that the boxes refer to.
        model: of the tracks.
        upright_wh: size of the upright frame.
        orientation: of the frames of the video.
    """
    if not has_size(results.models[model].image_wh).any():
        return replace(tracks, size_px=upright_wh)
    if not is_unturned(tracks.size_px, upright_wh, orientation):
        return tracks
    xyxy = orientation.applied_to_points(tracks.xyxy.reshape(-1, 2, 2), *tracks.size_px)
    corners = np.concatenate([xyxy.min(axis=1), xyxy.max(axis=1)], axis=1)
    return replace(tracks, xyxy=corners, size_px=tracks.size_px[::-1])
