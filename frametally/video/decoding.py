"""Decode frames of a video with PyAV: in sequence, or exactly the frames at given display indices."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from frametally.video.container import has_reliable_pts, open_video, packets_of, until_damaged
from frametally.video.frame_index import FrameIndex
from frametally.video.orientation import orientation_of

Image = npt.NDArray[np.uint8]
"""An upright picture: (height_px, width_px, 3), BGR as in OpenCV and supervision."""


def decode(path: Path, *, start_pts: int | None = None) -> Iterator[av.VideoFrame]:
    """Frames in display order from the start, or from the keyframe at or before `start_pts`.

    A damaged file ends early instead of failing. If the file has no reliable times (`has_reliable_pts`), frames get
    the stored times in ascending order, and decoding always begins at the start.
    """
    with open_video(path) as (container, stream):
        stream.thread_type = "AUTO"
        timed = has_reliable_pts(container, stream)
        if start_pts is not None and timed:
            container.seek(start_pts, stream=stream)
        waiting: list[int] = []
        for packet in packets_of(container, stream):
            if not timed and packet.size and packet.pts is not None:
                heapq.heappush(waiting, packet.pts)
            for frame in decode_packet(packet):
                if not timed and waiting:
                    frame.pts = heapq.heappop(waiting)
                yield frame


def decode_packet(packet: Any) -> Iterator[av.VideoFrame]:
    """The frames that this packet completes; none if it is damaged."""
    with until_damaged():
        yield from packet.decode()


def read_frames(path: Path, index: FrameIndex, positions: Iterable[int]) -> Iterator[tuple[int, Image]]:
    """(display index, picture) of exactly these frames, ascending; frames that cannot be decoded are left out.

    Frames before the next keyframe are reached by decoding on, all others by a seek.
    """
    wanted = sorted({int(position) for position in positions if 0 <= position < len(index)})
    while wanted:
        run = _one_seek(index, wanted)
        yield from _read_run(path, index, run)
        wanted = wanted[len(run) :]


def upright(frame: av.VideoFrame) -> Image:
    """The frame as models see it: BGR, upright as its display matrix asks; see `displayed` for what a player shows."""
    return orientation_of(frame).applied_to(frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False))


def _one_seek(index: FrameIndex, wanted: list[int]) -> list[int]:
    """The leading part of `wanted` that can be decoded after one seek without passing another keyframe."""
    run = wanted[:1]
    for position in wanted[1:]:
        if index.keyframe_before(int(index.pts[run[-1]])) != index.keyframe_before(int(index.pts[position])):
            break
        run.append(position)
    return run


def _read_run(path: Path, index: FrameIndex, run: list[int]) -> Iterator[tuple[int, Image]]:
    targets = {int(index.pts[position]): position for position in run}
    last_pts = max(targets)
    for frame in _decode_reaching(path, index, min(targets)):
        pts = _pts_of(frame)
        if pts in targets:
            yield targets[pts], upright(frame)
        if pts >= last_pts:
            return


def _decode_reaching(path: Path, index: FrameIndex, target_pts: int) -> Iterator[av.VideoFrame]:
    """Frames from the target or shortly before it; seeks that land after the target are retried."""
    at = max(index.keyframe_before(target_pts), 0)
    # MPEG-TS has no index: there, only a seek to the keyframe's own dts lands on it.
    for start_pts in (target_pts, *index.keyframes[at : at + 1, 1].tolist(), None):
        frames = decode(path, start_pts=start_pts)
        first = next(frames, None)
        if first is not None and (start_pts is None or _pts_of(first) <= target_pts):
            yield first
            yield from frames
            return


def _pts_of(frame: av.VideoFrame) -> int:
    pts = frame.pts if frame.pts is not None else frame.dts
    return -1 if pts is None else pts
