"""Exports of frames with boxes for labeling tools: those that people have checked, those the model is unsure of."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final, get_args

import streamlit as st

from components.analytics.exports.table_export import Write, export_item
from frametally.analysis.view import Progress, View
from frametally.deployment import Deployment
from frametally.exports.datasets.checked import checked_frames
from frametally.exports.datasets.dataset import MAX_FRAMES, Form, write_dataset
from frametally.exports.datasets.least_sure import least_sure_frames
from frametally.exports.datasets.readme import Origin
from frametally.exports.datasets.selection import Selection
from frametally.ledger.audits.frame_checks import checks_of
from frametally.library.video_store import StoredVideo
from frametally.video.frame_index import load_index
from frametally.video.frame_reader import FrameReader

_FEW: Final = 50
_CHOOSING_SHARE: Final = 0.2
"""Of the time that an export takes."""
_HELP: Final = (
    "How many frames to export in which the confidence of boxes is nearest to the min. confidence, spread over the "
    "time range. They have the boxes of the model, marked as predictions: correct them in your labeling tool."
)
Select = Callable[[View, Progress | None], Selection]


def label_exports(deployment: Deployment, view: View, video: StoredVideo, name: str) -> None:
    """Draw the items; `name` is the beginning of the names of the files."""
    st.caption("Frames with boxes for CVAT, Label Studio or Roboflow: an archive with pictures and labels.")
    checks, index = checks_of(deployment.ledger, video.sha256), load_index(video.place)
    checked = checked_frames(view, index, checks)
    if len(checked.entries):
        state = [(check.time, check.checker, check.checked_at) for check in checks]
        for form in get_args(Form):
            write = _write(deployment, video, lambda *_: checked, form)
            label = f"Checked frames ({form.upper()})"
            export_item(deployment, view, label, f"{name}.checked-{form}.zip", write, state)
    else:
        st.caption("Frames that you check in the tab *Audit* can be exported here too.")
    count = st.number_input("Number of least sure frames", 1, MAX_FRAMES, _FEW, key="least_sure", help=_HELP)
    for form in get_args(Form):
        write = _write(
            deployment,
            video,
            lambda view, progress: least_sure_frames(view, len(index), count, checked.entries, progress),
            form,
        )
        settings = (count, checked.entries.tolist())
        export_item(
            deployment, view, f"Least sure frames ({form.upper()})", f"{name}.unsure-{form}.zip", write, settings
        )


def _write(deployment: Deployment, video: StoredVideo, select: Select, form: Form) -> Write:
    def write(view: View, path: Path, progress: Progress | None) -> None:
        choosing = _part(progress, 0.0, _CHOOSING_SHARE)
        selection = select(view, choosing)
        origin = Origin(video.file_name, video.sha256, deployment.workflow.clock())
        with closing(FrameReader(video.place, load_index(video.place))) as reader:
            write_dataset(view, selection, reader, path, form, origin, _part(progress, _CHOOSING_SHARE, 1.0))

    return write


def _part(progress: Progress | None, start: float, stop: float) -> Progress | None:
    """The progress of a part of the work."""
    return progress and (lambda share: progress(start + share * (stop - start)))
