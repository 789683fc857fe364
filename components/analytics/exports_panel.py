"""Exports of a job: tables of the view, the original results, the annotated video."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import streamlit as st

from components.analytics.video_export import video_export
from components.download_link import download_link
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
from frametally.job import Job
from frametally.library.video_store import StoredVideo
from frametally.results import find_original
from frametally.storage.derived import derived_path, make_derived_folder, remove_older_than
from frametally.storage.folders import size_of
from frametally.storage.space import TRY_AGAIN, check_room, explain_disk_full

_KEEP_TABLES_S = 24 * 3600.0
"""Tables take little time to create again, so old ones are removed when a new one is exported."""
_TABLE_KINDS = ("counts", "boxes", "coco")
Write = Callable[[View, Path, Progress | None], None]


def exports_panel(
    deployment: Deployment, job: Job, view: View | None, video: StoredVideo | None, colors: Mapping[str, str]
) -> None:
    """Offer the tables and the video of the view, and the original results."""
    name = Path(job.video_name).stem or "video"
    tables, film = st.columns(2, gap="large")
    with tables:
        st.header("Tables")
        if view and view.table.kind.has_boxes:
            st.caption("Exports the current filters. Frames that were not analyzed are left blank.")
            _table_export(deployment, view, name)
        st.caption("Original results")
        original = find_original(deployment.settings.results_dir / job.id)
        if original:
            download_link(deployment, original, f"{name}.results.json", "Results (JSON)")
    with film:
        st.header("Annotated video")
        if view is None:
            st.caption("These results contain nothing that can be drawn on the video.")
        elif video is None:
            st.caption("No copy of this video was kept, so it cannot be annotated.")
        else:
            video_export(deployment, job, view, video, colors)


def _table_export(deployment: Deployment, view: View, name: str) -> None:
    writers: dict[str, tuple[str, Write]] = {
        "Counts per frame (CSV)": ("counts.csv", write_counts_csv),
        "Counts per frame (Parquet)": ("counts.parquet", write_counts_parquet),
        "Boxes (CSV)": ("boxes.csv", write_boxes_csv),
        "Boxes (Parquet)": ("boxes.parquet", write_boxes_parquet),
        "Boxes (COCO JSON)": ("coco.json", lambda view, path, progress: write_coco(view, path, name, progress)),
    }
    chosen = st.selectbox("Format", list(writers), key="table_format")
    file_name, write = writers[chosen]
    if file_name.endswith(".csv"):
        st.caption("UTF-8, separated by commas, decimal point.")
    kind, ending = file_name.split(".")
    path = derived_path(view.results.folder, kind, ViewSpec.of(view), ending)
    if not path.exists() and st.button("Export", icon=":material/table:", type="primary", key="export_table"):
        _export(deployment, view, partial(write, view), path)
    if path.exists():
        download_link(deployment, path, f"{name}.{file_name}", f"Download {name}.{file_name}")


def _export(deployment: Deployment, view: View, write: Callable[[Path, Progress], None], path: Path) -> None:
    bar = st.progress(0.0, text="Exporting")

    def show(share: float) -> None:
        bar.progress(min(share, 1.0), text=f"Exporting · {share:.0%}")

    try:
        with explain_disk_full("this table", TRY_AGAIN):
            now = deployment.workflow.clock().timestamp()
            remove_older_than(deployment.settings.results_dir, _TABLE_KINDS, now - _KEEP_TABLES_S)
            # A table takes about as much space as the results.
            folder = make_derived_folder(view.results.folder)
            check_room(folder, size_of(view.results.folder), "this table", TRY_AGAIN)
            write(path, show)
    except FrametallyError as error:
        bar.empty()
        show_error(error)
        return
    st.rerun()
