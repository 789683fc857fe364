"""What can be taken away: the view as tables, the results as they came, the annotated video."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import streamlit as st

from components.analytics.video_export import video_export
from components.downloads import download_link
from components.errors import show_error
from frametally.analysis.view import Progress, View
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
from frametally.storage.folders import size_of
from frametally.storage.space import TRY_AGAIN, check_room, explain_disk_full

_KEEP_TABLES_S = 24 * 3600.0
Write = Callable[[View, Path, Progress | None], None]


def exports_panel(
    deployment: Deployment, job: Job, view: View | None, video: StoredVideo | None, colors: Mapping[str, str]
) -> None:
    """Offer tables and video of the filtered view, and the whole results."""
    name = Path(job.video_name).stem or "video"
    tables, film = st.columns(2, gap="large")
    with tables:
        st.subheader("Tables")
        if view and view.table.kind.has_boxes:
            st.caption("Of what is in view: model, classes, confidence and window. Frames not analyzed stay empty.")
            _table_export(deployment, job, view, name)
        st.caption("The results as they came:")
        original = find_original(deployment.settings.results_dir / job.id)
        if original:
            download_link(deployment, original, f"{name}.results.json", "Results (JSON)")
    with film:
        st.subheader("Annotated video")
        if view is None:
            st.caption("There is nothing in these results that could be drawn on the video.")
        elif video is None:
            st.caption("There is no copy of this video here, so it cannot be drawn on.")
        else:
            video_export(deployment, job, view, video, colors)


def _table_export(deployment: Deployment, job: Job, view: View, name: str) -> None:
    writers: dict[str, tuple[str, Write]] = {
        "Counts, a row a frame (CSV)": ("counts.csv", write_counts_csv),
        "Counts, a row a frame (Parquet)": ("counts.parquet", write_counts_parquet),
        "Boxes (CSV)": ("boxes.csv", write_boxes_csv),
        "Boxes (Parquet)": ("boxes.parquet", write_boxes_parquet),
        "Boxes (COCO JSON)": ("coco.json", lambda seen, path, progress: write_coco(seen, path, name, progress)),
    }
    wanted = st.selectbox("Format", list(writers), key="table_format")
    ending, write = writers[wanted]
    folder = deployment.settings.exports_dir / "tables"
    path = folder / f"{job.id}-{_fingerprint(job, view)}.{ending}"
    if not path.exists() and st.button("Prepare", icon=":material/table:", type="primary"):
        _prepare(deployment, job, partial(write, view), path)
    if path.exists():
        download_link(deployment, path, f"{name}.{ending}", f"Download {name}.{ending}")


def _prepare(deployment: Deployment, job: Job, write: Callable[[Path, Progress], None], path: Path) -> None:
    bar = st.progress(0.0, text="Writing")

    def show(share: float) -> None:
        bar.progress(min(share, 1.0), text=f"Writing · {share:.0%}")

    try:
        with explain_disk_full("this table", TRY_AGAIN):
            _make_room(path.parent, deployment.workflow.clock().timestamp())
            # A table takes about as much as what it is made from.
            results = deployment.settings.results_dir / job.id
            check_room(path.parent, size_of(results), "this table", TRY_AGAIN)
            write(path, show)
    except FrametallyError as error:
        bar.empty()
        show_error(error)
        return
    st.rerun()


def _make_room(folder: Path, now: float) -> None:
    """Tables are quick to make again: those of more than a day ago go."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if now - old.stat().st_mtime > _KEEP_TABLES_S:
            old.unlink(missing_ok=True)


def _fingerprint(job: Job, view: View) -> str:
    """The same view of the same results is the same file."""
    told = (job.id, view.model, view.confidence, view.classes.format(), view.classes.shown, view.time_range_s)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:24]
