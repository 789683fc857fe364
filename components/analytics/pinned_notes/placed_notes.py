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
    # Frames that the stored file lacks are identified by the job, as those of a video that is not stored.
    of_job = notes_of(deployment.ledger, picture_key_of_job(view.results.folder.name, 0).video)
    frames = [(note, note.time) for note in of_job]
    if video is not None and index is not None:
        of_video = notes_of(deployment.ledger, video.sha256)
        frames += [(note, int(np.searchsorted(index.pts, note.time))) for note in of_video]
    entries = np.searchsorted(view.results.frame_index, [frame for _, frame in frames], side="right") - 1
    placed = [
        PlacedNote(note, _time_s(view, index, frame, max(int(entry), 0)), max(int(entry), 0))
        for (note, frame), entry in zip(frames, entries, strict=True)
    ]
    return sorted(placed, key=lambda one: one.time_s)


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
    return load_index(video.place)
