"""Exports of tracks, and of what they did at lines and zones; a click also tracks the objects if needed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from components.analytics.exports.table_export import Write, export_item
from components.analytics.regions.saved_sets import regions_in_use
from components.analytics.regions.tracking import tracking_runs
from components.errors import show_error
from frametally.analysis.view import Progress, View
from frametally.deployment import Deployment
from frametally.errors import RegionsError
from frametally.exports.cvat_video import write_cvat_video
from frametally.exports.mot import write_mot
from frametally.exports.region_events import write_events_csv, write_events_parquet
from frametally.exports.track_tables import write_tracks_csv
from frametally.library.video_store import StoredVideo
from frametally.regions.shapes import RegionSet
from frametally.rendering.regions.tracking_runs import Tracking
from frametally.tracking.tracks import Tracks, filtered

_POLL_S: Final = 0.3
_TRACKING_SHARE: Final = 0.9
WriteTracks = Callable[[View, Tracks, Path], None]
WriteEvents = Callable[[View, Tracks, RegionSet, Path], None]


def track_exports(deployment: Deployment, view: View, video: StoredVideo | None, name: str) -> None:
    """Draw an item for each format of tracks, and of events if there are lines or zones.

    `name` is the beginning of the names of the files.
    """
    for label, file_name, write in (
        ("Tracks (CSV)", "objects.csv", write_tracks_csv),
        ("Tracks (MOT)", "mot.txt", write_mot),
        ("Tracks (CVAT for video)", "cvat.xml", _cvat_of(name)),
    ):
        export_item(deployment, view, label, f"{name}.{file_name}", _tracked(video, write))
    regions = _regions(deployment, view)
    if regions is None:
        return
    for label, file_name, write_events in (
        ("Events at lines and zones (CSV)", "events.csv", write_events_csv),
        ("Events at lines and zones (Parquet)", "events.parquet", write_events_parquet),
    ):
        act = _tracked(video, _with_regions(regions, write_events))
        export_item(deployment, view, label, f"{name}.{file_name}", act, regions.to_json().decode())


def _regions(deployment: Deployment, view: View) -> RegionSet | None:
    """The lines and zones in use; None if there are none."""
    try:
        regions = regions_in_use(deployment, view.results.folder.name)
    except RegionsError as error:
        show_error(error)
        return None
    return regions if regions and (regions.lines or regions.zones) else None


def _cvat_of(video_name: str) -> WriteTracks:
    return lambda view, tracks, path: write_cvat_video(view, tracks, path, video_name)


def _with_regions(regions: RegionSet, write: WriteEvents) -> WriteTracks:
    return lambda view, tracks, path: write(view, filtered(tracks, view), regions, path)


def _tracked(video: StoredVideo | None, write: WriteTracks) -> Write:
    return lambda view, path, progress: write(view, _tracks(view, video, progress), path)


def _tracks(view: View, video: StoredVideo | None, progress: Progress | None) -> Tracks:
    """The tracks, which a process computes if they are not kept."""
    while isinstance(found := tracking_runs().get(view.results, view.model, video), Tracking):
        if progress:
            progress(found.share * _TRACKING_SHARE)
        time.sleep(_POLL_S)
    return found
