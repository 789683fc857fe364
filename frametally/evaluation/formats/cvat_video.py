"""CVAT for video 1.1: tracks of boxes (docs.cvat.ai, XML annotation format).

Frames are those of the video, from 0. The labeled ones are those of the task or job: from `start_frame` to
`stop_frame`, `step` apart. A box holds until the next one of its track: between two that are apart it moves in a
straight line, after the last it stays, and an `outside` one ends it (`TrackManager` in CVAT).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from frametally.errors import EvaluationError
from frametally.evaluation.formats.builder import Corners, TruthBuilder
from frametally.evaluation.formats.cvat_shapes import SHAPES, corners_of, declare_labels, number_of, whole_number
from frametally.evaluation.formats.limits import MAX_FRAMES
from frametally.evaluation.formats.numbering import Numbering
from frametally.evaluation.formats.xml import Element, elements_of
from frametally.evaluation.truth import Truth

_STEP: Final = re.compile(r"step=([1-9][0-9]{0,8})")


class _Placed(NamedTuple):
    frame: int
    corners: Corners
    is_outside: bool


class _Track(NamedTuple):
    label: str
    boxes: list[_Placed]
    """Ascending by frame."""


def read_cvat_video(path: Path, numbering: Numbering) -> Truth:
    """The labels in such a file.

    Raises:
        EvaluationError: it cannot be read, or frame numbers are given though the file has its own rule.
    """
    if numbering.first or numbering.step != 1:
        raise EvaluationError(
            "CVAT for video names the frames of the video.",
            "Omit --first-frame and --step, or leave Frame numbers as they were.",
        )
    builder = TruthBuilder("CVAT for video")
    meta: Element | None = None
    tracks: list[_Track] = []
    for element in elements_of(path, "annotations"):
        if element.tag == "meta":
            declare_labels(element, builder)
            meta = element
        elif element.tag == "track":
            tracks.append(_track(element, builder))
        elif element.tag == "image":
            builder.leave_out("images, which belong to CVAT for images")
    frames, wh = _labeled(meta, tracks), _size(meta)
    if len(frames) > MAX_FRAMES:
        raise EvaluationError(f"The labels have more than {MAX_FRAMES:,} frames.", "Split them.")
    for frame in frames:
        builder.frame(frame, f"frame {frame}", wh)
    for track in tracks:
        _add(builder, track, frames)
    return builder.build(0, Numbering(first=0))


def _labeled(meta: Element | None, tracks: list[_Track]) -> range:
    """The frames of the task; without a description of it, all up to the last box."""
    task = next((part for name in ("task", "job") if meta and (part := meta.find(name))), None)
    last = max((box.frame for track in tracks for box in track.boxes), default=0)
    if task is None:
        if meta and meta.find("project"):
            raise EvaluationError("This is the export of a project.", "Export the task of the video from CVAT.")
        return range(last + 1)
    start = whole_number(task.text_at("start_frame") or "0", "start_frame")
    step = int(found[1]) if (found := _STEP.search(task.text_at("frame_filter"))) else 1
    if task.tag == "job" and (segment := task.find("segments", "segment")):
        first, stop = (whole_number(segment.text_at(name) or "0", "segment") for name in ("start", "stop"))
        return range(start + first * step, start + stop * step + 1, step)
    if task.find("stop_frame") is not None:
        last = whole_number(task.text_at("stop_frame"), "stop_frame")
    elif task.find("size") is not None:
        last = start + (whole_number(task.text_at("size"), "size") - 1) * step
    return range(start, last + 1, step)


def _size(meta: Element | None) -> tuple[float, float]:
    size = next((found for part in (meta.children if meta else []) if (found := part.find("original_size"))), None)
    size = size or (meta.find("original_size") if meta else None)
    if size is None:
        return float("nan"), float("nan")
    return tuple(float(whole_number(size.text_at(side), "original_size")) for side in ("width", "height"))  # type: ignore[return-value]


def _track(element: Element, builder: TruthBuilder) -> _Track:
    boxes = []
    for shape in element.children:
        if shape.tag in SHAPES:
            frame = whole_number(shape.attributes.get("frame", ""), "frame")
            boxes.append(_Placed(frame, corners_of(shape, builder), number_of(shape, "outside", 0.0) != 0))
        else:
            builder.leave_out(f"shapes without an area ({shape.tag})")
    boxes.sort(key=lambda box: box.frame)
    if any(one.frame == other.frame for one, other in pairwise(boxes)):
        raise EvaluationError("A track has two boxes in one frame.", "Check the labels.")
    return _Track(element.attributes.get("label", ""), boxes)


def _add(builder: TruthBuilder, track: _Track, frames: range) -> None:
    builder.class_code(track.label)
    for frame, corners in _drawn(track.boxes, frames):
        builder.box(frame, track.label, corners)
    if stray := sum(box.frame not in frames and not box.is_outside for box in track.boxes):
        builder.leave_out("boxes in frames that are not in the task", stray)


def _drawn(boxes: list[_Placed], frames: range) -> Iterator[tuple[int, Corners]]:
    """(frame, corners) of a track in each frame of the task in which it is visible."""
    for at, box in enumerate(boxes):
        following = boxes[at + 1] if at + 1 < len(boxes) else None
        if box.is_outside:
            continue
        stop = following.frame if following else frames.stop
        for frame in _within(frames, box.frame, stop):
            yield frame, _between(box, following, frame)


def _within(frames: range, start: int, stop: int) -> range:
    """The frames of the task in [start, stop)."""
    skipped = max(0, -(-(start - frames.start) // frames.step))
    return range(frames.start + skipped * frames.step, min(stop, frames.stop), frames.step)


def _between(box: _Placed, following: _Placed | None, frame: int) -> Corners:
    if following is None or frame == box.frame:
        return box.corners
    share = (frame - box.frame) / (following.frame - box.frame)
    left, top, right, bottom = (
        one + (other - one) * share for one, other in zip(box.corners, following.corners, strict=True)
    )
    return left, top, right, bottom
