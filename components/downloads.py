"""What can be taken away from a job."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from video_inference.analysis.counts import Counts, to_csv
from video_inference.jobs import Job
from video_inference.media_api import FILES_PREFIX
from video_inference.results import ARCHIVE_NAME
from video_inference.workbench import Workbench


def downloads(bench: Workbench, job: Job, counts: Counts | None) -> None:
    """Offer the counts as shown (CSV) and the results as they came (JSON)."""
    name = Path(job.video_name).stem or "video"
    with st.container(horizontal=True):
        if counts is not None:
            st.download_button(
                "Counts (CSV)",
                lambda: to_csv(counts),
                f"{name}.counts.csv",
                "text/csv",
                icon=":material/download:",
                on_click="ignore",
            )
        archived = (bench.settings.results_dir / job.id / ARCHIVE_NAME).relative_to(bench.settings.data_dir)
        ticket = bench.tickets.for_file(archived, f"{name}.results.json")
        # A relative address: the app may be served below a path.
        st.link_button("Results (JSON)", f".{FILES_PREFIX}{ticket}", icon=":material/data_object:")
