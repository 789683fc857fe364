"""The annotated video of the view, rendered in a separate process, with a preview of the finished file."""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from components.access import own_tickets
from components.analytics.regions.saved_sets import regions_in_use
from components.download_link import download_url
from components.errors import show_error, show_errors
from components.session import video_exporter
from frametally.analysis.view import View
from frametally.analysis.view_spec import ViewSpec
from frametally.deployment import Deployment
from frametally.errors import FrametallyError, MediaError, RegionsError
from frametally.job import Job
from frametally.library.routes import FILES_PREFIX
from frametally.library.video_store import StoredVideo
from frametally.regions.shapes import RegionSet
from frametally.rendering.video_export import ExportStatus, VideoSpec
from frametally.storage.cached_files import fetched, kept


def video_export(deployment: Deployment, job: Job, view: View, video: StoredVideo, colors: Mapping[str, str]) -> None:
    """Offer the video of the view in H.264, which browsers play."""
    every_frame = st.toggle("Include frames that were not analyzed", value=True, key="export_every_frame")
    regions = _regions(deployment, job, view)
    spec = VideoSpec(
        video=str(video.place),
        results=str(deployment.settings.results_dir / job.id),
        view=ViewSpec.of(view),
        colors={name: colors[name] for name in view.names if name in colors},
        every_frame=every_frame,
        regions=regions.to_json().decode() if regions else "",
    )
    file_name = f"{Path(video.file_name).stem}.annotated.mp4"
    is_done = video_exporter().state(spec).status is ExportStatus.DONE
    (_export if is_done else _live_export)(deployment, spec, file_name)
    st.caption("Each frame of the video shows the detections of the last analyzed one. No audio.")
    if _sizes_vary(view):
        st.caption("The pictures of this video change size: each is scaled to fit the largest, with black bars.")


def _regions(deployment: Deployment, job: Job, view: View) -> RegionSet | None:
    """The lines and zones in use, if they are to be drawn."""
    try:
        regions = regions_in_use(deployment, job.id) if view.table.kind.has_boxes else None
    except RegionsError:  # the tables above say it
        return None
    if regions is None or not (regions.lines or regions.zones):
        return None
    return regions if st.toggle("Draw lines and zones", value=True, key="export_regions") else None


def _sizes_vary(view: View) -> bool:
    from frametally.rendering.canvas import sizes_vary

    return sizes_vary(view)


@st.fragment(run_every="1s")
@show_errors()
def _live_export(deployment: Deployment, spec: VideoSpec, file_name: str) -> None:
    _export(deployment, spec, file_name)


def _export(deployment: Deployment, spec: VideoSpec, file_name: str) -> None:
    state = video_exporter().state(spec)
    if state.status is ExportStatus.RUNNING:
        st.progress(state.share, text=f"Rendering · {state.share:.0%}")
        if st.button("Cancel", icon=":material/close:", key="cancel_export", width="stretch"):
            video_exporter().cancel(spec)
            st.rerun(scope="fragment")
        return
    if state.status is ExportStatus.DONE and state.path:
        _preview(deployment, state.path)
        url = download_url(deployment, state.path, file_name)
        st.link_button("Download video", url, icon=":material/download:", width="stretch")
        return
    if state.status is ExportStatus.FAILED:
        show_error(MediaError(state.what, state.next_step))
    if st.button("Annotated video (MP4)", icon=":material/movie:", key="render_video", width="stretch"):
        try:
            fetched(Path(spec.video))
            video_exporter().start(spec)
        except FrametallyError as error:
            show_error(error)
            return
        st.rerun(scope="fragment")


def _preview(deployment: Deployment, path: Path) -> None:
    """The video in the page, read by range from our route: `st.video` would keep it in memory."""
    ticket = own_tickets().for_file(kept(path).relative_to(deployment.settings.data_dir))
    source = html.escape(f".{FILES_PREFIX}{ticket}", quote=True)
    attributes = 'controls muted playsinline preload="metadata" aria-label="Annotated video"'
    st.html(f'<video {attributes} src="{source}" style="width:100%;display:block"></video>')
