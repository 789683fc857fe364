"""Exports of what happened at lines and zones; one click also tracks the objects, if they are not tracked yet."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import streamlit as st

from components.analytics.exports.table_export import Write, export_item
from components.analytics.regions.saved_sets import regions_in_use
from components.analytics.regions.tracking import tracking_runs
from components.errors import show_error
from frametally.analysis.view import Progress, View
from frametally.deployment import Deployment
from frametally.errors import RegionsError
from frametally.exports.region_events import write_events_csv, write_events_parquet
from frametally.library.video_store import StoredVideo
from frametally.regions.shapes import RegionSet
from frametally.rendering.regions.tracking_runs import Tracking
from frametally.tracking.tracks import Tracks, filtered

_POLL_S: Final = 0.3
_TRACKING_SHARE: Final = 0.9
WriteEvents = Callable[[View, Tracks, RegionSet, Path], None]


def region_exports(deployment: Deployment, view: View, video: StoredVideo | None, name: str) -> None:
    """Draw an item for each table of events, if there are lines or zones; `name` is the beginning of their names."""
    try:
        regions = regions_in_use(deployment, view.results.folder.name)
    except RegionsError as error:
        show_error(error)
        return
    if regions is None or not (regions.lines or regions.zones):
        return
    st.caption("Lines and zones in use on this page.")
    settings = regions.to_json().decode()
    for label, file_name, write in (
        ("Events at lines and zones (CSV)", "events.csv", write_events_csv),
        ("Events at lines and zones (Parquet)", "events.parquet", write_events_parquet),
    ):
        export_item(deployment, view, label, f"{name}.{file_name}", _writer(video, regions, write), settings)


def _writer(video: StoredVideo | None, regions: RegionSet, write: WriteEvents) -> Write:
    def act(view: View, path: Path, progress: Progress | None) -> None:
        write(view, filtered(_tracks(view, video, progress), view), regions, path)

    return act


def _tracks(view: View, video: StoredVideo | None, progress: Progress | None) -> Tracks:
    """The tracks, which a process computes if they are not kept."""
    while isinstance(found := tracking_runs().get(view.results, view.model, video), Tracking):
        if progress:
            progress(found.share * _TRACKING_SHARE)
        time.sleep(_POLL_S)
    return found
