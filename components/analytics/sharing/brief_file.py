"""The brief as one file: HTML that opens anywhere, or a PDF where a browser is installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.access import current_person
from components.analytics.exports.start_download import start_download
from components.download_link import download_url
from components.errors import show_error
from frametally.deployment import Deployment
from frametally.errors import FrametallyError, SettingsError
from frametally.job import Job
from frametally.reports.brief import Brief
from frametally.reports.document.page import self_contained
from frametally.reports.pdf import find_browser, make_pdf
from frametally.reports.request import BriefRequest
from frametally.storage.atomic import write_bytes
from frametally.storage.derived import derived_path, make_derived_folder, remove_older_than
from frametally.storage.space import TRY_AGAIN, explain_disk_full

_KIND: Final = "brief"
_KEEP_S: Final = 24 * 3600.0


def brief_file(deployment: Deployment, job: Job, request: BriefRequest) -> None:
    """Draw a button for each format; a click makes the file and downloads it."""
    browser = _browser(deployment.settings.browser)
    with st.container(horizontal=True, key="brief_formats"):
        wants_html = st.button("Download HTML", type="primary", icon=":material/download:", key="brief_html")
        wants_pdf = bool(browser) and st.button("Download PDF", icon=":material/picture_as_pdf:", key="brief_pdf")
    bar = st.empty()
    by_hand = "" if browser else " To save it as PDF, open it and choose *Print*."
    st.caption(f"The HTML file opens in any browser, also offline, and its charts respond.{by_hand}")
    if wants_html:
        _download(deployment, job, request, "html", self_contained, bar)
    if wants_pdf and browser:
        _download(deployment, job, request, "pdf", lambda brief: make_pdf(brief, browser), bar)


def _browser(chosen: str | None) -> str | None:
    try:
        return find_browser(chosen)
    except SettingsError:
        return None


def _download(
    deployment: Deployment,
    job: Job,
    request: BriefRequest,
    ending: str,
    render: Callable[[Brief], bytes],
    bar: DeltaGenerator,
) -> None:
    """Make the file now: notes, lines and zones may have changed since the last one."""

    def show(share: float) -> None:
        bar.progress(min(share, 1.0), text=f"Preparing the brief · {share:.0%}")

    settings, now, person = deployment.settings, deployment.workflow.clock(), current_person()
    # Of each person: what another one sees, such as notes, may not get into a file that this one can still fetch.
    # Of each time: another dashboard that sends the file may have one that was made before.
    path = derived_path(settings.results_dir / job.id, _KIND, (request, person.id, now), ending)
    show(0.0)
    try:
        with explain_disk_full("this brief", TRY_AGAIN):
            remove_older_than(settings.results_dir, [_KIND], now.timestamp() - _KEEP_S)
            brief = deployment.shares.briefs.make(request, maker=person, made_at=now, progress=show)
            make_derived_folder(settings.results_dir / job.id)
            write_bytes(path, render(brief))
    except FrametallyError as error:
        with bar.container():
            show_error(error)
        return
    bar.empty()
    file_name = f"{Path(job.video_name).stem or 'video'}.brief.{ending}"
    start_download(download_url(deployment, path, file_name), file_name)
