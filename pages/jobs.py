"""Jobs: what runs where, how far it is, and what came of it."""

import streamlit as st

from components.error_notice import plain
from components.job_progress import finished_jobs
from components.job_table import job_table
from components.session import workbench
from video_inference.clock import utc_now
from video_inference.errors import FrametallyError

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
    at_work = {job.service for job in jobs[:shown] if job.status.is_open}
    earlier = {service: finished_jobs(bench.store, service) for service in at_work}
    wish = job_table(jobs[:shown], utc_now(), earlier, bench.store.services_without_cancel() if at_work else ())
    if wish and wish.act == "cancel":
        cancel(wish.job_id)
    elif wish and bench.workflow.refresh(wish.job_id) is None:
        st.toast("Somebody has just asked: at most one call a minute for each job.", icon=":material/schedule:")
    if len(jobs) > shown and st.button("Show more"):
        st.session_state["jobs_shown"] = shown + _PAGE
        st.rerun()


def cancel(job_id: str) -> None:
    """Call a job off and show it as it stands then; what the service has against it is said."""
    try:
        bench.workflow.cancel(job_id)
    except FrametallyError as error:
        st.toast(plain(str(error)), icon=":material/error:", duration="long")
    else:
        st.rerun()


live_jobs()
