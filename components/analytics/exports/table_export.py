"""Exports of a view as tables: one click writes the file and downloads it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.analytics.exports.start_download import start_download
from components.download_link import download_url
from components.errors import show_error
from frametally.analysis.view import Progress, View
from frametally.analysis.view_spec import ViewSpec
from frametally.deployment import Deployment
from frametally.errors import FrametallyError
from frametally.exports.coco_json import write_coco
from frametally.exports.tables import (
    write_boxes_csv,
    write_boxes_parquet,
    write_counts_csv,
    write_counts_parquet,
)
from frametally.storage.derived import derived_path, make_derived_folder, remove_older_than
from frametally.storage.folders import size_of
from frametally.storage.space import TRY_AGAIN, check_room, explain_disk_full

_KEEP_TABLES_S = 24 * 3600.0
"""Tables take little time to create again, so old ones are removed when a new one is exported."""
_TABLE_KINDS = (
    *("counts", "boxes", "coco", "objects", "events", "mot", "cvat", "clip", "labels"),
    *("checked-coco", "checked-yolo", "unsure-coco", "unsure-yolo"),
)
Write = Callable[[View, Path, Progress | None], None]


def table_exports(deployment: Deployment, view: View, name: str) -> None:
    """Draw an item for each table; `name` is the beginning of the names of the files."""
    writers: dict[str, tuple[str, Write]] = {
        "Counts per frame (CSV)": ("counts.csv", write_counts_csv),
        "Counts per frame (Parquet)": ("counts.parquet", write_counts_parquet),
        "Detections (CSV)": ("boxes.csv", write_boxes_csv),
        "Detections (Parquet)": ("boxes.parquet", write_boxes_parquet),
        "Detections (COCO JSON)": ("coco.json", lambda view, path, progress: write_coco(view, path, name, progress)),
    }
    for label, (file_name, write) in writers.items():
        export_item(deployment, view, label, f"{name}.{file_name}", write)


def export_item(
    deployment: Deployment, view: View, label: str, file_name: str, write: Write, settings: object = None
) -> None:
    """A button that exports; once the file exists, a link to it.

    `settings`: what decides the content besides the view.
    """
    kind, ending = file_name.split(".")[-2:]
    spec = ViewSpec.of(view)
    path = derived_path(view.results.folder, kind, spec if settings is None else (spec, settings), ending)
    place, bar = st.empty(), st.empty()
    is_new = not path.exists() and _button(place, label, kind, ending)
    if is_new:
        _export(deployment, view, partial(write, view), path, bar)
    if path.exists():
        url = download_url(deployment, path, file_name)
        place.link_button(f"Download {file_name}", url, icon=":material/download:", width="stretch")
        if is_new:
            start_download(url, file_name)


def _button(place: DeltaGenerator, label: str, kind: str, ending: str) -> bool:
    help_text = "UTF-8, separated by commas, decimal point." if ending == "csv" else None
    key = f"export-{kind}-{ending}"
    icon = ":material/photo_library:" if ending == "zip" else ":material/table:"
    return place.button(label, icon=icon, key=key, width="stretch", help=help_text)


def _export(
    deployment: Deployment, view: View, write: Callable[[Path, Progress], None], path: Path, bar: DeltaGenerator
) -> None:
    def show(share: float) -> None:
        bar.progress(min(share, 1.0), text=f"Exporting · {share:.0%}")

    show(0.0)
    try:
        with explain_disk_full("this table", TRY_AGAIN):
            now = deployment.workflow.clock().timestamp()
            remove_older_than(deployment.settings.results_dir, _TABLE_KINDS, now - _KEEP_TABLES_S)
            # A table takes about as much space as the results.
            folder = make_derived_folder(view.results.folder)
            check_room(folder, size_of(view.results.folder), "this table", TRY_AGAIN)
            write(path, show)
        bar.empty()
    except FrametallyError as error:
        with bar.container():
            show_error(error)
