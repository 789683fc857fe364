"""The source of the video: an uploaded file or a public URL."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import streamlit as st

from components.errors import show_error
from components.formatting import distinct_labels
from components.session import current_actor
from components.upload.video_uploader import video_uploader
from components.video_card import video_card
from frametally.deployment import Deployment
from frametally.errors import FrametallyError, MediaError
from frametally.library.video_store import StoredVideo
from frametally.network.download import download
from frametally.network.urls import parse_video_url, video_name_of
from frametally.storage.space import format_size

_CHOSEN, _LOADED = "chosen_video", "videos_by_url"


@dataclass(frozen=True, kw_only=True)
class VideoSource:
    """A video to analyze: kept in the library, read by the service from a public URL, or both."""

    name: str
    kept: StoredVideo | None
    url: str | None
    arrived: tuple[StoredVideo, ...] = ()
    """All files uploaded in this session, including this one."""


def video_source(deployment: Deployment) -> VideoSource | None:
    """Let the user provide a video; None until there is one."""
    by_file, by_url = "File", "Public URL"
    way = st.segmented_control(
        "Video", [by_file, by_url], default=by_file, key="upload_way", label_visibility="collapsed"
    )
    source = _from_url(deployment) if way == by_url else _from_file(deployment)
    if source and source.kept:
        video_card(source.kept)
    return source


def _from_file(deployment: Deployment) -> VideoSource | None:
    ticket = deployment.tickets.for_upload()
    arrived = video_uploader(ticket, max_video_bytes=deployment.settings.max_video_bytes, key="video_uploader")
    videos = [kept for sha256 in arrived if (kept := deployment.library.get(sha256))]
    kept = _chosen(videos) if len(videos) > 1 else next(iter(videos), None)
    return VideoSource(name=kept.file_name, kept=kept, url=None, arrived=tuple(videos)) if kept else None


def _chosen(videos: list[StoredVideo]) -> StoredVideo:
    """The video that the user chose, by default the newest."""
    names = distinct_labels({video.sha256: video.file_name for video in videos})
    known = list(names)
    chosen = st.session_state.get(_CHOSEN)
    at = known.index(chosen) if chosen in names else len(known) - 1
    picked = st.selectbox("Video to analyze", known, index=at, format_func=names.__getitem__)
    if picked != known[at]:
        st.session_state[_CHOSEN] = picked
    return next(video for video in videos if video.sha256 == picked)


def _from_url(deployment: Deployment) -> VideoSource | None:
    url = st.text_input("Video URL", key="video_url", placeholder="https://example.com/video.mp4").strip()
    loaded: dict[str, str] = st.session_state.setdefault(_LOADED, {})
    if not url:
        st.caption("The service reads the video from this URL. A copy is kept here to show the analyzed frames.")
        return None
    with suppress(MediaError):  # loading it shows the error
        url = parse_video_url(url).geturl()
    name = video_name_of(url)
    if url not in loaded and st.button("Load video", type="primary", icon=":material/download:"):
        _load(deployment, url, name, loaded)
    if url in loaded:
        kept = deployment.library.get(loaded[url])
        return VideoSource(name=name, kept=kept, url=url) if kept else None
    without_copy = st.checkbox("Don't keep a copy (frames won't be viewable)", key="without_copy")
    is_http = url.startswith(("https://", "http://"))
    return VideoSource(name=name, kept=None, url=url) if without_copy and is_http else None


def _load(deployment: Deployment, url: str, name: str, loaded: dict[str, str]) -> None:
    bar = st.progress(0.0, text="Loading the video")

    def show(done_bytes: int, total_bytes: int | None) -> None:
        share = min(done_bytes / total_bytes, 1.0) if total_bytes else 0.0
        bar.progress(share, text=f"{format_size(done_bytes)} loaded")

    try:
        with deployment.library.uploads.scratch() as folder:
            path = folder / "video"
            settings = deployment.settings
            download(
                url,
                path,
                max_bytes=settings.max_video_bytes,
                private_urls=settings.engine_private_urls,
                on_progress=show,
            )
            loaded[url] = deployment.library.add(path, name, actor=current_actor()).sha256
    except FrametallyError as error:
        show_error(error)
    finally:
        bar.empty()
