"""Measure a job on its first frames, and cut its plan into pieces of some seconds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Final

from frametally.cluster.pieces.cut import Pace, costs_of, cut
from frametally.cluster.pieces.job_plan import JobPlan
from frametally.engine.detectors import Detector
from frametally.engine.detectors.remote.remote import RemoteDetector
from frametally.engine.picture import Picture
from frametally.engine.pipeline import infer
from frametally.engine.runner import Plan, planned_frames
from frametally.engine.watchdog import DECODING, INFERRING, EnterPhase
from frametally.video.coding.random_access import is_random_access
from frametally.video.container import has_reliable_pts, open_video
from frametally.video.frame_index import FrameIndex
from frametally.video.frame_reader import FrameReader

_MEASURED_FRAMES: Final = 8
_LONG_OPENING_S: Final = 0.2
"""Pieces of a video that takes longer to be opened, as one of many hours does, are longer in proportion."""
_REMOTE_S: Final = 0.2
"""Assumed for a model on an inference server: it is not asked for measurements."""


def cut_plan(
    video: Path, plan: Plan, detectors: Sequence[Detector], enter_phase: EnterPhase, *, target_s: float
) -> JobPlan:
    """The plan of a job in pieces; a single one if its frames must be analyzed in order, or decoded from the start.

    Raises:
        DamageReported: the damage is unknown, and the decoder reports some.
    """
    costs = costs_of(plan.index, plan.planned, _pace(video, plan, detectors, enter_phase))
    can_stop = not any(detector.is_stateful for detector in detectors) and _is_timed(video)
    target_s *= max(1.0, _opening_s(video, plan.index) / _LONG_OPENING_S)
    with closing(Keyframes(video, plan.index)) as keyframes:
        is_exact = keyframes.is_exact if can_stop else None
        pieces = cut(len(plan.planned), costs, is_exact=is_exact, target_s=target_s)
    return JobPlan(plan, tuple(pieces), tuple(costs.of(piece) for piece in pieces), can_stop)


class Keyframes:
    """The keyframes of a video, examined when it matters."""

    def __init__(self, video: Path, index: FrameIndex) -> None:
        self._video, self._index = video, index
        self._reader: FrameReader | None = None
        self._known: dict[int, bool] = {-1: True}

    def is_exact(self, row: int) -> bool:
        """Whether decoding from this row of the keyframes gives the pixels that decoding from the start gives."""
        if row not in self._known:
            self._known[row] = self._examine(row)
        return self._known[row]

    def _examine(self, row: int) -> bool:
        self._reader = self._reader or FrameReader(self._video, self._index, cache_bytes=0, threads=1)
        codec = self._reader.stream.codec_context
        for _, packet in self._reader.packets_from(row):
            return is_random_access(codec.codec.canonical_name, bytes(packet), codec.extradata)
        return False

    def may_begin_at(self, position: int) -> bool:
        """Whether a piece may begin with the frame of this display index."""
        is_in_file = position < len(self._index)
        return is_in_file and self.is_exact(self._index.keyframe_before(int(self._index.pts[position])))

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()


def _opening_s(video: Path, index: FrameIndex) -> float:
    """Seconds to open the video: up to some tenths if it has many hours."""
    started_s = time.perf_counter()
    FrameReader(video, index, cache_bytes=0, threads=1).close()
    return time.perf_counter() - started_s


def _is_timed(video: Path) -> bool:
    """Whether decoding can start at a keyframe; see `FrameReader`."""
    with open_video(video) as (container, stream):
        return has_reliable_pts(container, stream)


def _pace(video: Path, plan: Plan, detectors: Sequence[Detector], enter_phase: EnterPhase) -> Pace:
    """Measure the first frames, each model on two of them."""
    enter_phase(DECODING)
    entries = range(min(_MEASURED_FRAMES, len(plan.planned)))
    started_s = time.perf_counter()
    frames = planned_frames(video, plan.index, plan.planned, plan.damaged, entries=entries, threads=1)
    with closing(frames):
        pictures = list(islice(frames, _MEASURED_FRAMES))
    took_s = time.perf_counter() - started_s
    if not pictures:
        return Pace(0.0, 0.0)
    decoded = int(plan.planned[pictures[-1][0]]) + 1
    enter_phase(INFERRING)
    return Pace(took_s / decoded, sum(_infer_s(each, [picture for _, picture in pictures[:2]]) for each in detectors))


def _infer_s(detector: Detector, pictures: Sequence[Picture]) -> float:
    """Seconds for the last of these pictures; the first call also allocates memory."""
    if isinstance(detector, RemoteDetector):
        return _REMOTE_S
    for picture in pictures:
        started_s = time.perf_counter()
        infer(detector, picture)
        took_s = time.perf_counter() - started_s
    return took_s
