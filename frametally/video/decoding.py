"""Decode the frames of a video with PyAV in sequence, and turn them upright."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from frametally.video.container import decode_packet, has_reliable_pts, open_video, packets_of
from frametally.video.orientation import orientation_of

Image = npt.NDArray[np.uint8]
"""An upright picture: (height_px, width_px, 3), BGR as in OpenCV and supervision."""


def decode(path: Path) -> Iterator[av.VideoFrame]:
    """Frames in display order from the start, with the times that the file contains.

    A damaged file ends early instead of failing. If the file has no reliable times (`has_reliable_pts`), frames get
    the stored times in ascending order.
    """
    with open_video(path) as (container, stream):
        stream.thread_type = "AUTO"
        timed = has_reliable_pts(container, stream)
        waiting: list[int] = []
        for packet in packets_of(container, stream):
            if not timed and packet.size and packet.pts is not None:
                heapq.heappush(waiting, packet.pts)
            for frame in decode_packet(packet):
                if not timed and waiting:
                    frame.pts = heapq.heappop(waiting)
                yield frame


def upright(frame: av.VideoFrame) -> Image:
    """The frame as models see it: BGR, upright as its display matrix asks; see `displayed` for what a player shows."""
    return orientation_of(frame).applied_to(frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False))
