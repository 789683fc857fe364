"""The tracks that a command works with."""

from __future__ import annotations

from pathlib import Path

from frametally.results import Results
from frametally.tracking.kept import kept_tracks
from frametally.tracking.settings import TrackerSettings
from frametally.tracking.tracker import track
from frametally.tracking.upright import ShownTracks, shown_tracks


def tracks_of(results: Results, model: str, video: Path | None, settings: TrackerSettings | None = None) -> ShownTracks:
    """The tracks; with a video, on its upright picture, and with the times of its frames that the results have.

    Raises:
        VideoError: none of the frames can be decoded.
    """
    # Kept tracks have the times of the results.
    found = (track if video else kept_tracks)(results, model, settings)
    return shown_tracks(found, results, model, video)
