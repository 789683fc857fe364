"""What stands in the way of a job, above the button that starts it, and the ways out."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import streamlit as st

from components.errors import escape_markdown, show_error
from components.upload.video_source import VideoSource
from frametally.clock import utc_now
from frametally.contract import ModelInfo
from frametally.deployment import Deployment
from frametally.errors import FrametallyError
from frametally.job import RunRequest
from frametally.jobs.preflight import Preflight, PreflightIssue, find_issues
from frametally.library.video_store import StoredVideo
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
    deployment: Deployment, request: RunRequest, source: VideoSource, installed: Sequence[ModelInfo]
) -> Preflight | None:
    """Show the known issues; returns the preflight of a job that may start, None where it cannot.

    Nothing here uses the network: `address_is_good` does, once the job is started.
    """
    preflight = known_preflight(deployment, request, installed, source.kept)
    issues = find_issues(preflight)
    _draw(issues)
    if source.kept and any(issue.fix == "remux" for issue in issues):
        _offer_remux(deployment, source)
    return None if any(issue.stops for issue in issues) else preflight


def address_is_good(deployment: Deployment, preflight: Preflight | None) -> bool:
    """Probe the URL of a job that is about to start, and show what is wrong with it; a file needs no probe."""
    url = preflight.request.video_url if preflight else None
    if preflight is None or url is None:
        return preflight is not None
    with st.spinner("Checking the URL"):
        report = _look_at(url, private_urls=deployment.settings.engine_private_urls)
    known = find_issues(preflight)
    issues = [issue for issue in find_issues(replace(preflight, url_report=report)) if issue not in known]
    _draw(issues)
    return not any(issue.stops for issue in issues)


def may_start(preflight: Preflight) -> bool:
    """Show the known issues; False where one of them is certain to make the job fail."""
    issues = find_issues(preflight)
    _draw(issues)
    return not any(issue.stops for issue in issues)


def known_preflight(
    deployment: Deployment, request: RunRequest, installed: Sequence[ModelInfo], kept: StoredVideo | None = None
) -> Preflight:
    """What is known of a job without using the network; `kept`: its video, where it is in the library."""
    return Preflight(
        request=request,
        now=utc_now(),
        video=kept.info if kept else None,
        installed=installed,
        inference_servers=deployment.settings.inference_servers,
        free_bytes=shutil.disk_usage(deployment.settings.data_dir).free,
    )


@st.cache_data(ttl=60, max_entries=100, show_spinner=False)
def _look_at(url: str, *, private_urls: bool) -> UrlReport:
    return probe_url(url, private_urls=private_urls)


def _draw(issues: Sequence[PreflightIssue]) -> None:
    for issue in issues:
        show, icon = (st.error, ":material/block:") if issue.stops else (st.warning, ":material/warning:")
        show(f"**{escape_markdown(issue.what)}**  \n{escape_markdown(issue.next_step)}", icon=icon)


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
