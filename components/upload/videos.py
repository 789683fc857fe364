"""The videos to run: one or several uploaded files, or one or several public URLs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from components.access import own_tickets
from components.errors import show_error
from components.formatting import distinct_labels
from components.upload.mp4_conversion import as_converted, converted
from components.upload.started import started
from components.upload.url_source import url_source
from components.upload.video_source import VideoSource
from components.upload.video_uploader import video_uploader
from components.video_card import video_card
from frametally.deployment import Deployment
from frametally.errors import FrametallyError
from frametally.jobs.batch import BatchLine, read_batch
from frametally.library.video_store import StoredVideo

_EXAMPLE = "https://example.com/monday.mp4\nhttps://example.com/tuesday.mp4"


@dataclass(frozen=True, kw_only=True)
class Videos:
    """What the user has provided so far: nothing, one video, or several files or lines."""

    one: VideoSource | None = None
    files: tuple[StoredVideo, ...] = ()
    lines: tuple[BatchLine, ...] = ()


def choose_videos(deployment: Deployment) -> Videos:
    """Let the user provide one video or several."""
    by_file, by_url = "Files", "Public URLs"
    way = st.segmented_control(
        "Videos", [by_file, by_url], default=by_file, key="upload_way", label_visibility="collapsed"
    )
    return _from_urls(deployment) if way == by_url else _from_files(deployment)


def _from_files(deployment: Deployment) -> Videos:
    ticket = own_tickets().for_upload()
    arrived = video_uploader(ticket, max_video_bytes=deployment.settings.max_video_bytes, key="video_uploader")
    videos = {sha256: kept for sha256 in arrived if (kept := deployment.library.get(sha256))}
    picked = _picked(deployment, list(videos.values())) if len(videos) > 1 else list(videos.values())
    if len(picked) == 1:
        return _one(deployment, VideoSource(name=picked[0].file_name, kept=picked[0], url=None))
    return Videos(files=tuple(converted(deployment, kept) for kept in picked))


def _picked(deployment: Deployment, videos: Sequence[StoredVideo]) -> list[StoredVideo]:
    """The files to run; those that this session has not run yet are preselected."""
    runs = started()
    names = distinct_labels({kept.sha256: kept.file_name for kept in videos})
    chosen = st.multiselect(
        "Videos to run",
        list(names),
        [kept.sha256 for kept in videos if not runs.files & {kept.sha256, converted(deployment, kept).sha256}],
        key=f"upload_files_{runs.batches}_{len(names)}",
        format_func=names.__getitem__,
        placeholder="Choose videos",
    )
    return [kept for kept in videos if kept.sha256 in chosen]


def _from_urls(deployment: Deployment) -> Videos:
    number = started().batches
    left, right = st.columns([2, 1])
    typed = left.text_area("Video URLs, one per line", key=f"video_urls_{number}", placeholder=_EXAMPLE, height=120)
    file = right.file_uploader("or a CSV", ["csv", "txt"], key=f"video_csv_{number}", max_upload_size=5)
    text = file.getvalue().decode("utf-8", errors="replace") if file else typed.strip()
    if not text:
        st.caption(
            "The service reads each video from its URL. A CSV has the column `url` and optionally `name` and `note`."
        )
        return Videos()
    if file is None and len(text.splitlines()) == 1:
        return _one(deployment, url_source(deployment, text))
    try:
        return Videos(lines=tuple(read_batch(text)))
    except FrametallyError as error:
        show_error(error)
        return Videos()


def _one(deployment: Deployment, source: VideoSource | None) -> Videos:
    if source and source.kept:
        video_card(source.kept)
    return Videos(one=as_converted(deployment, source))
