"""What stands in the way of a job, above the button that starts it, and the ways out."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import streamlit as st

from components.errors import escape_markdown, show_error
from components.session import Connection
from components.upload.video_source import VideoSource
from frametally.clock import utc_now
from frametally.contract import ModelInfo
from frametally.deployment import Deployment
from frametally.errors import FrametallyError
from frametally.job import Job, ModelChoice
from frametally.jobs.preflight import Facts, PreflightIssue, find_issues
from frametally.network.url_probe import UrlReport, probe_url
from frametally.video.remux import can_be_remuxed, remux_to_mp4

_REMUXED = "remuxed_videos"


def as_converted(deployment: Deployment, source: VideoSource | None) -> VideoSource | None:
    """The source, or the MP4 file that was made of it here."""
    made: dict[str, str] = st.session_state.get(_REMUXED, {})
    kept = deployment.library.get(made.get(source.kept.sha256, "")) if source and source.kept else None
    if source is None or kept is None:
        return source
    st.success(
        f"Runs as **{escape_markdown(kept.file_name)}**: the same pictures in an MP4 file.", icon=":material/check:"
    )
    return replace(source, name=kept.file_name, kept=kept)


def preflight_notes(
    deployment: Deployment,
    connection: Connection,
    source: VideoSource,
    models: Sequence[ModelChoice],
    installed: Sequence[ModelInfo],
    infer_fps: float | None,
) -> Facts | None:
    """Show what is known to stand in the way; returns the facts of a job that may start, None where it cannot.

    Nothing here asks the network: `address_is_good` does, once the person wants the job to run.
    """
    known = known_facts(deployment, connection.service, models, installed, infer_fps)
    video = source.kept.info if source.kept else None
    facts = replace(known, file_name=source.name, video=video, url=source.url)
    found = find_issues(facts)
    _draw(found)
    if source.kept and any(finding.fix == "remux" for finding in found):
        _offer_remux(deployment, source)
    return None if any(finding.stops for finding in found) else facts


def address_is_good(deployment: Deployment, facts: Facts | None) -> bool:
    """Look at the address of a job that is about to start; what is wrong there is shown. A file needs no look."""
    if facts is None or facts.url is None:
        return facts is not None
    with st.spinner("Looking at the address"):
        report = _look_at(facts.url, private_urls=deployment.settings.engine_private_urls)
    found = [finding for finding in find_issues(replace(facts, url_report=report)) if finding not in find_issues(facts)]
    _draw(found)
    return not any(finding.stops for finding in found)


def may_start(facts: Facts) -> bool:
    """Show what is known to stand in the way; False where that is certain to make the job fail."""
    found = find_issues(facts)
    _draw(found)
    return not any(finding.stops for finding in found)


def known_facts(
    deployment: Deployment,
    service: str,
    models: Sequence[ModelChoice],
    installed: Sequence[ModelInfo],
    infer_fps: float | None,
) -> Facts:
    """What is known of any job of these settings: the video is still to be named."""
    return Facts(
        now=utc_now(),
        service=service,
        infer_fps=infer_fps,
        models=models,
        installed=installed,
        model_servers=deployment.settings.inference_servers,
        free_bytes=shutil.disk_usage(deployment.settings.data_dir).free,
    )


def facts_of_another_run(
    deployment: Deployment,
    job: Job,
    models: Sequence[ModelChoice],
    installed: Sequence[ModelInfo],
    infer_fps: float | None,
) -> Facts:
    """What is known of a job that runs these models over the video of an earlier one, at the same service."""
    kept = deployment.library.get(job.video_sha256 or "")
    known = known_facts(deployment, job.service, models, installed, infer_fps)
    return replace(known, file_name=job.video_name, video=kept.info if kept else None, url=job.video_url)


@st.cache_data(ttl=60, max_entries=100, show_spinner=False)
def _look_at(url: str, *, private_urls: bool) -> UrlReport:
    return probe_url(url, private_urls=private_urls)


def _draw(found: Sequence[PreflightIssue]) -> None:
    for finding in found:
        show, icon = (st.error, ":material/block:") if finding.stops else (st.warning, ":material/warning:")
        show(f"**{escape_markdown(finding.what)}**  \n{escape_markdown(finding.next_step)}", icon=icon)


def _offer_remux(deployment: Deployment, source: VideoSource) -> None:
    kept = source.kept
    if kept is None or not can_be_remuxed(kept.info.codec):
        st.caption("MP4 files do not hold pictures of its codec: encode it as MP4 (H.264) with any video program.")
    elif st.button("Make an MP4 file of it", icon=":material/movie:", help="Seconds; its sound is left out."):
        _remux(deployment, source.name, kept.sha256, kept.path)


def _remux(deployment: Deployment, name: str, sha256: str, path: Path) -> None:
    bar = st.progress(0.0, text="Putting its pictures into an MP4 file")
    try:
        with deployment.library.uploads.scratch() as folder:
            made = folder / "video.mp4"
            remux_to_mp4(path, made, bar.progress)
            kept = deployment.library.add(made, f"{Path(name).stem}.mp4")
    except FrametallyError as error:
        show_error(error)
    else:
        st.session_state.setdefault(_REMUXED, {})[sha256] = kept.sha256
        st.rerun()
    finally:
        bar.empty()
