"""Concurrent decoding and inference: one thread decodes, several run the models, entries are yielded in order.

An ONNX Runtime session with one thread, called from as many threads as there are cores, has a higher throughput than
a session that splits each frame among its threads.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from msgspec import structs

from frametally.engine.detectors import Detector
from frametally.engine.picture import Picture
from frametally.engine.result_entries import Entry
from frametally.engine.watchdog import DECODING, INFERRING, EnterPhase

Frame = tuple[int, Picture]
"""The number of an entry, and the decoded frame for it."""


def infer_frames(
    frames: Iterator[Frame], detectors: Sequence[Detector], enter_phase: EnterPhase, *, threads: int | None = None
) -> Generator[tuple[int, list[Entry]]]:
    """Yield for each frame, in order, the number of its entry and the entry of every model.

    `threads`: how many run the models; None for one per core.

    Raises:
        ModelError: a model failed on a frame.
    """
    threads = threads or len(os.sched_getaffinity(0))
    stateless = [detector for detector in detectors if not detector.is_stateful]
    decoder, models = ThreadPoolExecutor(1, "decoder"), ThreadPoolExecutor(threads, "models")
    running: deque[tuple[int, Picture, Future[list[Entry]]]] = deque()
    try:
        next_frame = decoder.submit(next, frames, None)
        while (frame := _decoded(next_frame, enter_phase)) is not None:
            next_frame = decoder.submit(next, frames, None)
            running.append((*frame, models.submit(_infer_all, stateless, frame[1])))
            # Limits how far the decoder is ahead: just enough to keep every thread busy.
            while running and (len(running) > threads + 1 or running[0][2].done()):
                enter_phase(INFERRING)
                yield _finished(*running.popleft(), detectors)
        while running:
            enter_phase(INFERRING)
            yield _finished(*running.popleft(), detectors)
    finally:
        for pool in (models, decoder):
            pool.shutdown(cancel_futures=True)


def infer(detector: Detector, picture: Picture) -> Entry:
    """Run one model on one frame; the entry contains the compute time."""
    started_s = time.perf_counter()
    entry = detector.infer(picture)
    if isinstance(entry, dict):  # the response of an inference server, which has its own `time`
        return entry
    return structs.replace(entry, time=round(time.perf_counter() - started_s, 6))


def _decoded(frame: Future[Frame | None], enter_phase: EnterPhase) -> Frame | None:
    enter_phase(DECODING)
    return frame.result()


def _infer_all(detectors: Sequence[Detector], picture: Picture) -> list[Entry]:
    return [infer(detector, picture) for detector in detectors]


def _finished(
    entry: int, picture: Picture, stateless: Future[list[Entry]], detectors: Sequence[Detector]
) -> tuple[int, list[Entry]]:
    """Wait for the stateless models of a frame and run the stateful ones, which need the frames in order."""
    finished = iter(stateless.result())
    return entry, [infer(detector, picture) if detector.is_stateful else next(finished) for detector in detectors]
