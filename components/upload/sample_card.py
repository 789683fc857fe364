"""Try the sample: one click from a fresh start to its analytics."""

from __future__ import annotations

import streamlit as st

from components.errors import show_error, show_errors
from components.session import current_actor, get_deployment
from components.upload.job_tracker import job_steps
from frametally.deployment import Deployment
from frametally.errors import FrametallyError, JobError, RateLimited, ServerError, ServiceError
from frametally.job import EMBEDDED, Job, JobStatus
from frametally.ledger.ledger import Ledger
from frametally.sample import INFER_FPS, MODEL, Sample, find_sample, picture_of, run_sample, runs_of
from frametally.video.decoding import Image

_WATCHED = "sample_job"
_NO_ENGINE = (
    "The sample needs the built-in engine, which does not answer here. "
    "A launcher that shows only the pages leaves it out; `streamlit run app.py` starts both."
)

# The browser leaves the page, not `st.switch_page`: a timer of the fragment that it has not stopped yet would run
# against the new page and leave it empty.
_CLICK = """
export default function () {
  const looking = setInterval(() => {
    const link = document.querySelector(".st-key-sample_done a")
    if (!link) return
    clearInterval(looking)
    link.click()
  }, 50)
  return () => clearInterval(looking)
}
"""
_click = st.components.v2.component("frametally.click_sample_done", js=_CLICK)


def sample_card(deployment: Deployment) -> None:
    """Offer the sample, large while there is no job yet; follow the run that was begun here to its analytics."""
    sample = find_sample()
    if sample is None:
        return
    watched = _watched(deployment.ledger)
    if watched or not deployment.ledger.jobs(limit=1):
        _large(deployment, sample, watched)
    else:
        _small(deployment, sample)


def _large(deployment: Deployment, sample: Sample, watched: Job | None) -> None:
    with st.container(border=True, key="sample"):
        picture, text = st.columns([2, 3], gap="medium", vertical_alignment="center")
        picture.image(_picture(sample), channels="BGR", width="stretch")
        with text:
            st.subheader("New here? Let it count parcels", anchor=False)
            st.markdown(
                f"{sample.duration_s:.0f} rendered seconds of two conveyor belts: a rush of boxes, a lull, a rush of "
                f"bags and envelopes. **{MODEL.label}** looks at {INFER_FPS:.0f} frames of each second and counts"
            )
            st.markdown(" ".join(f":gray-badge[{name}]" for name in sample.classes))
            if watched:
                _follow(deployment, sample)
            else:
                _start(deployment, sample, "Try the sample")


def _small(deployment: Deployment, sample: Sample) -> None:
    finished = next((job for job in runs_of(sample, deployment.ledger) if job.status is JobStatus.SUCCEEDED), None)
    with st.container(horizontal=True, vertical_alignment="center", key="sample"):
        if finished:
            _analytics_link("See the sample in analytics", finished.id)
        _start(deployment, sample, "Run the sample again" if finished else "Try the sample", link_like=True)


def _start(deployment: Deployment, sample: Sample, label: str, *, link_like: bool = False) -> None:
    answers = _engine_answers()
    clicked = st.button(
        label,
        type="tertiary" if link_like else "primary",
        icon=":material/play_circle:",
        disabled=not answers,
        key="try_sample",
    )
    if not answers:
        st.caption(_NO_ENGINE)
    if clicked:
        try:
            st.session_state[_WATCHED] = run_sample(
                sample, deployment.workflow, deployment.settings.models_dir, actor=current_actor()
            ).id
        except FrametallyError as error:
            show_error(error)
        else:
            st.rerun()


@st.fragment(run_every="1s")
@show_errors()
def _follow(deployment: Deployment, sample: Sample) -> None:
    """Show how far it is; the moment that it is done, its analytics opens."""
    job = _begun(deployment.ledger)
    if job is None:
        st.rerun()
    job_steps(deployment.ledger, job)
    if job.status is JobStatus.SUCCEEDED:
        with st.container(key="sample_done"):
            _analytics_link("Open in analytics", job.id)
            _click(key="click_sample_done")
    elif job.status.is_open:
        st.caption("Its analytics opens by itself when it is done.")
    else:
        _start(deployment, sample, "Try again")


def _analytics_link(label: str, job_id: str) -> None:
    st.page_link(
        "../pages/analytics.py",
        label=label,
        icon=":material/monitoring:",
        query_params={"job": job_id},
        width="content",
    )


def _watched(ledger: Ledger) -> Job | None:
    """The run that this session began; None once it is done: whoever comes back later stays where they came."""
    job = _begun(ledger)
    if job and job.status is JobStatus.SUCCEEDED:
        del st.session_state[_WATCHED]
        return None
    return job


def _begun(ledger: Ledger) -> Job | None:
    try:
        return ledger.job(st.session_state[_WATCHED])
    except KeyError:
        return None
    except JobError:  # it was deleted for good
        del st.session_state[_WATCHED]
        return None


@st.cache_data(ttl=10, show_spinner=False)
def _engine_answers() -> bool:
    """Whether the built-in engine is there; one that fails for a while is."""
    client = get_deployment().clients.client(EMBEDDED, "")
    try:
        return client is not None and bool(client.open_workspace(retry=False))
    except (RateLimited, ServerError):
        return True
    except ServiceError:
        return False


@st.cache_resource(show_spinner=False)
def _picture(sample: Sample) -> Image:
    return picture_of(sample)
