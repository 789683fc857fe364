"""The exact analysed frame behind a count, with its boxes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import streamlit as st

from components.video_card import clock
from video_inference.analysis.counts import Counts, boxes_at, next_with_detections
from video_inference.media import KeptVideo
from video_inference.results import ModelResults
from video_inference.video import FrameIndex, Image

_LEAST_WIDTH_PX = 960

_CORNERS = ("x min", "y min", "x max", "y max")
_FORMATS = {
    "Confidence": st.column_config.NumberColumn(format="%.3f"),
    **{name: st.column_config.NumberColumn(format="%.1f", help="pixels") for name in _CORNERS},
}


def entry_in_view(counts: Counts, *, key: str) -> int:
    """The entry that the viewer shows; at first the one with the most detections."""
    busiest = int(counts.values.sum(axis=1).argmax())
    return min(int(st.session_state.setdefault(key, busiest)), len(counts.time_s) - 1)


def view_entry(key: str, entry: int) -> None:
    """Have the viewer show this entry."""
    st.session_state[key] = entry


def frame_picker(counts: Counts, *, key: str) -> int:
    """Slider and buttons over the analysed entries; returns the entry in view."""
    last = len(counts.time_s) - 1
    entry = entry_in_view(counts, key=key)
    if last > 0:
        st.session_state[key] = entry
        st.slider("Analysed frame", 0, last, key=key, help="The entries of the results, in the order of the video.")
        entry = int(st.session_state[key])
    with st.container(horizontal=True):
        later = next_with_detections(counts, entry)
        for label, icon, target in (
            ("Previous", "chevron_left", entry - 1 if entry > 0 else None),
            ("Next", "chevron_right", entry + 1 if entry < last else None),
            ("Next with detections", "skip_next", later),
        ):
            st.button(
                label,
                icon=f":material/{icon}:",
                disabled=target is None,
                key=f"{key}_{icon}",
                on_click=view_entry,
                args=(key, target),
            )
    return entry


def frame_view(
    video: KeptVideo | None,
    part: ModelResults,
    counts: Counts,
    entry: int,
    confidence: float,
    colors: Mapping[str, str],
) -> None:
    """Draw the frame of one entry with the boxes that the threshold and the classes let through."""
    frame_index = int(counts.frame_index[entry])
    boxes = boxes_at(part, entry, confidence, counts.classes)
    if not counts.analysed[entry]:
        st.warning("This frame was not analysed (null in the results).", icon=":material/visibility_off:")
    image = frame_at(video.path, video.sha256, frame_index) if video else None
    if image is not None:
        st.image(_annotated(image, part, entry, boxes, colors), width="stretch")
    elif video is None:
        st.info("There is no copy of this video here, so its frames cannot be shown.", icon=":material/image:")
    else:
        st.info("This frame cannot be decoded: the file ends before it, or is damaged here.", icon=":material/image:")
    found = f"{len(boxes)} detection{'' if len(boxes) == 1 else 's'}"
    st.caption(
        f"Frame {frame_index:,} at {clock(float(counts.time_s[entry]))} · {found} at confidence ≥ {confidence:.2f}"
    )
    if len(boxes):
        st.dataframe(_rows(part, boxes), hide_index=True, column_config=_FORMATS)


@st.cache_data(show_spinner="Finding the frame", max_entries=64)
def frame_at(_path: Path, sha256: str, frame_index: int) -> Image | None:
    """The frame with this display index, upright; None where it cannot be decoded."""
    from video_inference.video import read_frames

    return next((image for _, image in read_frames(_path, _index_of(_path, sha256), [frame_index])), None)


@st.cache_resource(show_spinner=False, max_entries=16)
def _index_of(_path: Path, sha256: str) -> FrameIndex:  # noqa: ARG001
    from video_inference.video import build_index

    return build_index(_path)


def _annotated(
    image: Image, part: ModelResults, entry: int, boxes: npt.NDArray[np.int64], colors: Mapping[str, str]
) -> bytes:
    from video_inference.annotate import annotate, to_jpeg

    native_wh = image.shape[1::-1]
    image = _large_enough(image)
    height_px, width_px = image.shape[:2]
    size = np.where(np.isnan(part.image_wh[entry]), native_wh, part.image_wh[entry])
    scale = np.tile([width_px / size[0], height_px / size[1]], 2).astype(np.float32)
    names = [part.classes[code] for code in part.class_code[boxes]]
    return to_jpeg(annotate(image, part.xyxy[boxes] * scale, names, part.confidence[boxes], colors))


def _large_enough(image: Image) -> Image:
    """The frame at a size at which labels can be read; boxes are drawn after it."""
    import cv2

    factor = math.ceil(_LEAST_WIDTH_PX / image.shape[1])
    return image if factor < 2 else np.asarray(cv2.resize(image, None, fx=factor, fy=factor), dtype=np.uint8)


def _rows(part: ModelResults, boxes: npt.NDArray[np.int64]) -> list[dict[str, object]]:
    return [
        {
            "Class": part.classes[part.class_code[at]],
            "Confidence": float(part.confidence[at]),
            **dict(zip(_CORNERS, (float(value) for value in part.xyxy[at]), strict=True)),
        }
        for at in boxes
    ]
