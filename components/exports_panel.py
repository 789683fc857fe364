"""What can be taken away: the view as tables, the results as they came, the annotated video."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import streamlit as st

from components.video_export import video_export
from video_inference.analysis.view import Progress, View
from video_inference.coco import write_coco
from video_inference.exports import (
    write_boxes_csv,
    write_boxes_parquet,
    write_counts_csv,
    write_counts_parquet,
)
from video_inference.jobs import Job
from video_inference.media import KeptVideo
from video_inference.media_api import FILES_PREFIX
from video_inference.results_new import ARCHIVE_NAME
from video_inference.workbench import Workbench

Write = Callable[[View, Path, Progress | None], None]


def exports_panel(
    bench: Workbench, job: Job, view: View | None, video: KeptVideo | None, colors: Mapping[str, str]
) -> None:
    """Offer tables and video of the filtered view, and the whole results."""
    name = Path(job.video_name).stem or "video"
    tables, film = st.columns(2, gap="large")
    with tables:
        st.subheader("Tables")
        if view and view.table.kind.has_boxes:
            st.caption("Of what is in view: model, classes, confidence and window. Frames not analysed stay empty.")
            _table_export(bench, job, view, name)
        st.caption("The results as they came:")
        archived = bench.settings.results_dir / job.id / ARCHIVE_NAME
        download_link(bench, archived, f"{name}.results.json", "Results (JSON)")
    with film:
        st.subheader("Annotated video")
        if view is None or video is None:
            st.caption("There is no copy of this video here, so it cannot be drawn on.")
        else:
            video_export(bench, job, view, video, colors)


def download_link(bench: Workbench, path: Path, file_name: str, label: str) -> None:
    """A button that fetches a file of the data folder from our own route, never through the page's memory."""
    ticket = bench.tickets.for_file(path.relative_to(bench.settings.data_dir), file_name)
    st.link_button(label, f".{FILES_PREFIX}{ticket}", icon=":material/download:")  # relative: maybe below a path


def _table_export(bench: Workbench, job: Job, view: View, name: str) -> None:
    writers: dict[str, tuple[str, Write]] = {
        "Counts, a row a frame (CSV)": ("counts.csv", write_counts_csv),
        "Counts, a row a frame (Parquet)": ("counts.parquet", write_counts_parquet),
        "Boxes (CSV)": ("boxes.csv", write_boxes_csv),
        "Boxes (Parquet)": ("boxes.parquet", write_boxes_parquet),
        "Boxes (COCO JSON)": ("coco.json", lambda seen, path, progress: write_coco(seen, path, name, progress)),
    }
    wanted = st.selectbox("Format", list(writers), key="table_format")
    ending, write = writers[wanted]
    path = bench.settings.data_dir / "exports" / f"{_fingerprint(job, view)}.{ending}"
    if not path.exists() and st.button("Prepare", icon=":material/table:", type="primary"):
        bar = st.progress(0.0, text="Writing")
        path.parent.mkdir(parents=True, exist_ok=True)

        def show(share: float) -> None:
            bar.progress(min(share, 1.0), text=f"Writing · {share:.0%}")

        write(view, path, show)
        bar.empty()
    if path.exists():
        download_link(bench, path, f"{name}.{ending}", f"Download {name}.{ending}")


def _fingerprint(job: Job, view: View) -> str:
    """The same view of the same results is the same file."""
    told = (job.id, view.model, view.confidence, view.classes.format(), view.classes.shown, view.window_s)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:24]
