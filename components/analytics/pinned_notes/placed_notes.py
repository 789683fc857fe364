"""The notes on the video of a job, placed on the entries of its results."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import streamlit as st

from frametally.analysis.view import View
from frametally.deployment import Deployment
from frametally.ledger.moment_notes import MomentNote, notes_of
from frametally.library.video_store import StoredVideo
from frametally.video.frame_index import FrameIndex, load_index
from frametally.video.picture_key import PictureKey, picture_key, picture_key_of_job


class PlacedNote(NamedTuple):
    """A note, and where it is in the results."""

    note: MomentNote
    time_s: float
    """Seconds after the first frame."""
    entry: int
    """The newest entry at or before it."""


def placed_notes(deployment: Deployment, view: View, video: StoredVideo | None) -> list[PlacedNote]:
    """The notes, in order of time; those of a stored video were perhaps written for another job on it."""
    index = _index(video) if video else None
    notes = notes_of(deployment.ledger, key_of_entry(view, video, 0).video)
    frames = [note.time if index is None else int(np.searchsorted(index.pts, note.time)) for note in notes]
    entries = np.maximum(np.searchsorted(view.results.frame_index, frames, side="right") - 1, 0)
    return [
        PlacedNote(note, _time_s(view, index, frame, int(entry)), int(entry))
        for note, frame, entry in zip(notes, frames, entries, strict=True)
    ]


def key_of_entry(view: View, video: StoredVideo | None, entry: int) -> PictureKey:
    """What identifies the frame of an entry: video and time; for a video that is not stored, its job."""
    frame = int(view.results.frame_index[entry])
    index = _index(video) if video else None
    if video is not None and index is not None and frame < len(index):
        return picture_key(video.sha256, index, frame)
    return picture_key_of_job(view.results.folder.name, frame)


def _time_s(view: View, index: FrameIndex | None, frame: int, entry: int) -> float:
    if index is not None and frame < len(index):
        return float(index.times_s[frame])
    return float(view.results.time_s[entry])


@st.cache_resource(show_spinner=False, max_entries=8, hash_funcs={StoredVideo: lambda video: video.sha256})
def _index(video: StoredVideo) -> FrameIndex:
    return load_index(video.path)
