"""One video at a public URL, which is loaded so that its frames can be shown."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from components.access import current_person
from components.errors import show_error
from components.upload.video_source import VideoSource
from frametally.deployment import Deployment
from frametally.errors import FrametallyError, MediaError
from frametally.network.urls import parse_video_url, video_name_of
from frametally.storage.space import format_size
from frametally.team.videos import load_video

_LOADED = "videos_by_url"


def url_source(deployment: Deployment, url: str) -> VideoSource | None:
    """Let the user load the video, or run it without a copy; None until one of both is chosen."""
    loaded: dict[str, str] = st.session_state.setdefault(_LOADED, {})
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
        settings = deployment.settings
        loaded[url] = load_video(
            deployment.library,
            url,
            name,
            show,
            max_bytes=settings.max_video_bytes,
            private_urls=settings.engine_private_urls,
            actor=current_person(),
        ).sha256
    except FrametallyError as error:
        show_error(error)
    finally:
        bar.empty()
