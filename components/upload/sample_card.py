"""The sample: one click from a fresh installation to its analytics."""

from __future__ import annotations

import streamlit as st

from components.access import current_person, is_allowed
from components.analytics_link import analytics_link
from components.errors import show_error, show_errors
from components.session import get_deployment
from components.upload.job_steps import job_steps
from frametally.access.permissions import Action
from frametally.deployment import Deployment
from frametally.errors import FrametallyError, JobError, RateLimited, ServerError, ServiceError
from frametally.job import EMBEDDED, Job, JobStatus
from frametally.ledger.ledger import Ledger
from frametally.sample import INFER_FPS, MODEL, Sample, find_sample, picture_of, run_sample, runs_of

_WATCHED, _OPENING = "sample_job", "sample_opening"
_PICTURE_HEIGHT_PX = 450
"""Enough for a display with two pixels in each CSS pixel."""
_JPEG_QUALITY = 80
_NO_ENGINE = (
    "The sample needs the built-in engine, which is not running. Start Frametally with `frametally dashboard`, "
    "or `streamlit run app.py` in a checkout: both run the engine together with the pages."
)

# The browser follows the link in a run without the fragment: its timer ends with that run, while a run that the timer
# starts after a change of the page would leave the new page empty.
_CLICK = """
export default function () {
  const timer = setInterval(() => {
    const link = document.querySelector(".st-key-sample_done a")
    if (!link) return
    clearInterval(timer)
    link.click()
  }, 50)
  return () => clearInterval(timer)
}
"""
_click = st.components.v2.component("frametally.click_sample_done", js=_CLICK)


def sample_card(deployment: Deployment) -> None:
    """Offer the sample, as a large card while there are no jobs; then follow the run that this session started."""
    sample = find_sample()
    if sample is None:
        return
    if opening := st.session_state.pop(_OPENING, None):
        with st.container(key="sample_done"):
            analytics_link(opening)
            _click(key="click_sample_done")
    watched = _watched(deployment.ledger)
    if watched or not deployment.ledger.jobs(limit=1):
        _large(deployment, sample, watched)
    else:
        _small(deployment, sample)


def _large(deployment: Deployment, sample: Sample, watched: Job | None) -> None:
    with st.container(border=True, key="sample"):
        picture, text = st.columns([2, 3], gap="medium", vertical_alignment="center")
        picture.image(_picture(sample), width="stretch")
        with text:
            st.subheader("New here? See it count parcels", anchor=False)
            st.markdown(
                f"A {sample.duration_s:.0f}-second sample of two conveyor belts. **{MODEL.label}** samples "
                f"{INFER_FPS:.0f} frames per second and counts:"
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
            analytics_link(finished.id, "See the sample in analytics")
        if finished and not is_allowed(Action.RUN):
            return  # one run serves all guests
        _start(deployment, sample, "Run the sample again" if finished else "Try the sample", link_like=True)


def _start(deployment: Deployment, sample: Sample, label: str, *, link_like: bool = False) -> None:
    is_available = _engine_answers()
    clicked = st.button(
        label,
        type="tertiary" if link_like else "primary",
        icon=":material/play_circle:",
        disabled=not is_available,
        key="try_sample",
    )
    if not is_available:
        st.caption(_NO_ENGINE)
    if clicked:
        try:
            models_dir = deployment.settings.models_dir
            job = run_sample(sample, deployment.workflow, models_dir, actor=current_person())
            st.session_state[_WATCHED] = job.id
        except FrametallyError as error:
            show_error(error)
        else:
            st.rerun()


@st.fragment(run_every="1s")
@show_errors()
def _follow(deployment: Deployment, sample: Sample) -> None:
    """Show the progress of the run, and open its analytics as soon as it is done."""
    job = _started(deployment.ledger)
    if job is None:
        st.rerun()
    job_steps(deployment.ledger, job)
    if job.status is JobStatus.SUCCEEDED:
        st.session_state[_OPENING] = job.id
        st.rerun()
    elif job.status.is_open:
        st.caption("Opens automatically when finished.")
    else:
        _start(deployment, sample, "Try again")


def _watched(ledger: Ledger) -> Job | None:
    """The run that this session follows; None once it is done, so that a later visit is not redirected."""
    job = _started(ledger)
    if job and job.status is JobStatus.SUCCEEDED:
        del st.session_state[_WATCHED]
        return None
    return job


def _started(ledger: Ledger) -> Job | None:
    try:
        return ledger.job(st.session_state[_WATCHED])
    except KeyError:
        return None
    except JobError:  # deleted permanently
        del st.session_state[_WATCHED]
        return None


@st.cache_data(ttl=10, show_spinner=False)
def _engine_answers() -> bool:
    """Whether the built-in engine is reachable, even if it responds with a temporary error."""
    client = get_deployment().clients.client(EMBEDDED, "")
    try:
        return client is not None and bool(client.open_workspace(retry=False))
    except (RateLimited, ServerError):
        return True
    except ServiceError:
        return False


@st.cache_resource(show_spinner=False, hash_funcs={Sample: lambda sample: sample.sha256})
def _picture(sample: Sample) -> bytes:
    """A JPEG file: a picture that is not encoded yet would be encoded in every run of the page."""
    from frametally.rendering.image_files import to_jpeg

    return to_jpeg(picture_of(sample, _PICTURE_HEIGHT_PX), _JPEG_QUALITY)
