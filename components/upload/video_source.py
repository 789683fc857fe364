"""Where the video comes from: a file of the person's, or a public URL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import streamlit as st

from components.errors import show_error
from components.upload.video_uploader import video_uploader
from components.video_card import video_card
from frametally.deployment import Deployment
from frametally.errors import FrametallyError
from frametally.library.video_store import StoredVideo
from frametally.network.download import download
from frametally.network.urls import split_url
from frametally.storage.space import format_size


@dataclass(frozen=True, kw_only=True)
class VideoSource:
    """A video to run: kept here, or to be read by the service from a public URL, or both."""

    name: str
    kept: StoredVideo | None
    url: str | None
    arrived: tuple[StoredVideo, ...] = ()
    """All files that have arrived in this session, this one among them."""


def video_source(deployment: Deployment) -> VideoSource | None:
    """Let the person give a video; None until there is one."""
    by_file, by_url = "File", "Public URL"
    ways = [by_file, by_url]
    way = st.segmented_control("Video", ways, default=by_file, key="upload_way", label_visibility="collapsed")
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
    """The one that the person chose of several, else the newest."""
    names = {video.sha256: video.file_name for video in videos}
    known = list(names)
    chosen = st.session_state.get("chosen_video")
    at = known.index(chosen) if chosen in names else len(known) - 1
    picked = st.selectbox("Video to run", known, index=at, format_func=names.__getitem__)
    if picked != known[at]:
        st.session_state["chosen_video"] = picked
    return next(video for video in videos if video.sha256 == picked)


def _from_url(deployment: Deployment) -> VideoSource | None:
    url = st.text_input("Address of the video", key="video_url", placeholder="https://example.com/video.mp4").strip()
    known: dict[str, str] = st.session_state.setdefault("videos_by_url", {})
    if not url:
        st.caption("The service reads the video from there. A copy is kept here to show the frames behind the counts.")
        return None
    name = unquote(Path(split_url(url).path).name) or "video"
    if url not in known and st.button("Look at it", type="primary", icon=":material/download:"):
        _fetch(deployment, url, name, known)
    if url in known:
        kept = deployment.library.get(known[url])
        return VideoSource(name=name, kept=kept, url=url) if kept else None
    blind = st.checkbox("Send it without a copy here (its frames cannot be shown then)", key="send_blind")
    return VideoSource(name=name, kept=None, url=url) if blind and url.startswith(("https://", "http://")) else None


def _fetch(deployment: Deployment, url: str, name: str, known: dict[str, str]) -> None:
    bar = st.progress(0.0, text="Fetching the video")

    def show(done_bytes: int, total_bytes: int | None) -> None:
        share = min(done_bytes / total_bytes, 1.0) if total_bytes else 0.0
        bar.progress(share, text=f"Fetched {format_size(done_bytes)}")

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
            known[url] = deployment.library.add(path, name).sha256
    except FrametallyError as error:
        show_error(error)
    finally:
        bar.empty()
