"""Preflight on the pages: known reasons why a job may fail, shown before it is started."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

import streamlit as st

from components.formatting import escape_markdown
from frametally.clock import utc_now
from frametally.contract import ModelInfo
from frametally.deployment import Deployment
from frametally.job import RunRequest
from frametally.jobs.preflight import Preflight, PreflightIssue, find_issues
from frametally.library.video_store import StoredVideo


def may_start(preflight: Preflight) -> bool:
    """Show the issues of this run; False if one of them would certainly make the job fail."""
    return show_issues(find_issues(preflight))


def show_issues(issues: Sequence[PreflightIssue]) -> bool:
    """Show these issues; False if one of them would certainly make the job fail."""
    for issue in issues:
        show, icon = (st.error, ":material/block:") if issue.stops else (st.warning, ":material/warning:")
        show(f"**{escape_markdown(issue.what)}**  \n{escape_markdown(issue.next_step)}", icon=icon)
    return not any(issue.stops for issue in issues)


def known_preflight(
    deployment: Deployment, request: RunRequest, installed: Sequence[ModelInfo], kept: StoredVideo | None = None
) -> Preflight:
    """What is known of a run without sending a request; `kept` is its video if a copy is in the library."""
    return Preflight(
        request=request,
        now=utc_now(),
        video=kept.info if kept else None,
        installed=installed,
        inference_servers=deployment.settings.inference_servers,
        free_bytes=shutil.disk_usage(deployment.settings.data_dir).free,
    )
