"""The tracks that a command works with."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from frametally.results import Results
from frametally.tracking.kept import kept_tracks
from frametally.tracking.settings import TrackerSettings
from frametally.tracking.tracker import track
from frametally.tracking.tracks import Tracks
from frametally.tracking.upright import upright_tracks
from frametally.video.displayed_frame import first_displayed


class FoundTracks(NamedTuple):
    """Tracks of all boxes of a model."""

    tracks: Tracks
    displayed_wh: tuple[int, int]
    """Size at which a player shows the picture; without a video, the one that was analyzed."""


def tracks_of(results: Results, model: str, video: Path | None, settings: TrackerSettings | None = None) -> FoundTracks:
    """The tracks; with a video, on its upright picture, and with the times of its frames that the results have.

    Raises:
        VideoError: none of the frames can be decoded.
    """
    if video is None:
        tracks = kept_tracks(results, model, settings)
        return FoundTracks(tracks, tracks.size_px)
    first = first_displayed(video)
    tracks = track(results, model, settings)  # kept ones have the times of the results
    height_px, width_px = first.image.shape[:2]
    return FoundTracks(
        upright_tracks(tracks, results, model, first.analyzed_wh, first.orientation), (width_px, height_px)
    )
