"""How long a run is expected to take, before it is started."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.formatting import format_estimate, plural
from components.job_progress import finished_jobs
from frametally.job import ModelChoice
from frametally.jobs.eta import estimate
from frametally.ledger.ledger import Ledger


def estimate_note(ledger: Ledger, service: str, models: Sequence[ModelChoice], frames: int | None) -> None:
    """Draw the estimate for this number of frames; nothing while the models or the frames are not known."""
    if not models or frames is None:
        return
    expected = estimate(finished_jobs(ledger, service), models, frames)
    if expected is None:
        st.caption("No time estimate yet.")
        return
    duration = format_estimate(expected.low_s, expected.high_s)
    basis = plural(expected.jobs, "earlier job")
    st.caption(f"{duration[0].upper()}{duration[1:]} for {plural(frames, 'frame')}, based on {basis}.")
