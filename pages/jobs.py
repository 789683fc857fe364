"""Jobs: what runs where, how far it is, and what came of it."""

import streamlit as st

from components.job_table import job_table
from components.session import workbench
from video_inference.workflow import utc_now

_PAGE = 25

st.title("Jobs")
bench = workbench()
shown = st.session_state.setdefault("jobs_shown", _PAGE)


@st.fragment(run_every="2s")
def live_jobs() -> None:
    """Only reads the ledger; the watcher does the asking, tab or no tab."""
    jobs = bench.store.jobs(limit=shown + 1)
    if not jobs:
        st.info("No job yet. Upload a video to start the first one.", icon=":material/info:")
        st.page_link("../pages/upload.py", label="Upload a video", icon=":material/upload:")
        return
    asked = job_table(jobs[:shown], utc_now())
    if asked and bench.workflow.refresh(asked) is None:
        st.toast("Somebody has just asked: at most one call a minute for each job.", icon=":material/schedule:")
    if len(jobs) > shown and st.button("Show more"):
        st.session_state["jobs_shown"] = shown + _PAGE
        st.rerun()


live_jobs()
