"""Files of moments that were found: a clip of one, or the frames of all for labelling."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
import streamlit as st
from msgspec import Struct

from components.analytics.exports.start_download import start_download
from components.analytics.video_reader import video_reader
from components.download_link import download_url
from components.errors import show_error
from components.formatting import format_time
from frametally.analysis.view import View
from frametally.analysis.view_spec import ViewSpec
from frametally.deployment import Deployment
from frametally.errors import FrametallyError, RegionsError
from frametally.exports.clips import cut_clip, earlier_s
from frametally.exports.labelling import write_labelling
from frametally.library.video_store import StoredVideo
from frametally.storage.atomic import atomic_path
from frametally.storage.derived import derived_path, make_derived_folder
from frametally.video.frame_index import load_index

_MIN_CLIP_S: Final = 1.0
_SHOWN_S: Final = 0.05
"""Less than that is not said."""


class _ClipOf(Struct, frozen=True, tag_field="kind", tag="clip"):
    """A moment as a part of the video."""

    start_s: float
    end_s: float


class _LabelsOf(Struct, frozen=True, tag_field="kind", tag="labels"):
    """The frames of moments."""

    entries: tuple[int, ...]


def moment_file(deployment: Deployment, view: View, video: StoredVideo, wanted: str) -> None:
    """Write the file that was asked for in the browser, and have it downloaded."""
    name = Path(video.file_name).stem
    try:
        asked = msgspec.json.decode(wanted, type=_ClipOf | _LabelsOf)
        with st.spinner("Preparing the file"):
            path, file_name = _clip(view, video, asked) if isinstance(asked, _ClipOf) else _labels(view, video, asked)
    except msgspec.DecodeError as error:
        show_error(RegionsError(f"This could not be read: {error}.", "Reload the page."))
    except FrametallyError as error:
        show_error(error)
    else:
        start_download(download_url(deployment, path, f"{name}.{file_name}"), f"{name}.{file_name}")


def _clip(view: View, video: StoredVideo, asked: _ClipOf) -> tuple[Path, str]:
    """A copy of the frames, which begins with a keyframe."""
    start_s, end_s = asked.start_s, max(asked.end_s, asked.start_s + _MIN_CLIP_S)
    path, index = derived_path(view.results.folder, "clip", (start_s, end_s), "mp4"), load_index(video.path)
    if not path.exists():
        make_derived_folder(view.results.folder)
        with atomic_path(path, sync=False) as draft:
            cut_clip(video.path, index, start_s, end_s, draft)
    before_s = earlier_s(index, start_s)
    if before_s >= _SHOWN_S:
        st.toast(f"The clip begins {before_s:.1f} s earlier, with a keyframe.", icon=":material/info:")
    return path, f"{format_time(start_s).replace(':', '.')}.clip.mp4"


def _labels(view: View, video: StoredVideo, asked: _LabelsOf) -> tuple[Path, str]:
    entries = [entry for entry in asked.entries if 0 <= entry < len(view.results.time_s)]
    path = derived_path(view.results.folder, "labels", (ViewSpec.of(view), entries), "zip")
    if not path.exists():
        make_derived_folder(view.results.folder)
        write_labelling(view, entries, video_reader(video), path, Path(video.file_name).stem)
    return path, "labels.zip"
