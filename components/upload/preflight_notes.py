"""Preflight of the video on the Upload page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from components.preflight import known_preflight, show_issues
from components.upload.mp4_conversion import mp4_conversion
from components.upload.video_source import VideoSource
from frametally.contract import ModelInfo
from frametally.deployment import Deployment
from frametally.job import RunRequest
from frametally.jobs.preflight import Preflight, find_issues
from frametally.network.url_probe import UrlReport, probe_url


def preflight_notes(
    deployment: Deployment, request: RunRequest, source: VideoSource, installed: Sequence[ModelInfo]
) -> Preflight | None:
    """Show the known issues of this run; returns its preflight, None if the job would certainly fail.

    Sends no request: `url_is_good` does, once the user starts the job.
    """
    preflight = known_preflight(deployment, request, installed, source.kept)
    issues = find_issues(preflight)
    may_run = show_issues(issues)
    if source.kept and any(issue.fix == "remux" for issue in issues):
        mp4_conversion(deployment, source.kept)
    return preflight if may_run else None


def url_is_good(deployment: Deployment, preflight: Preflight | None) -> bool:
    """Probe the URL of a job that is about to start and show what is wrong with it; True for an uploaded file."""
    url = preflight.request.video_url if preflight else None
    if preflight is None or url is None:
        return preflight is not None
    with st.spinner("Checking the URL"):
        report = _probe(url, private_urls=deployment.settings.engine_private_urls)
    shown = find_issues(preflight)
    return show_issues([issue for issue in find_issues(replace(preflight, url_report=report)) if issue not in shown])


@st.cache_data(ttl=60, max_entries=100, show_spinner=False)
def _probe(url: str, *, private_urls: bool) -> UrlReport:
    return probe_url(url, private_urls=private_urls)
