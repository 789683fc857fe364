"""Decode, infer and write at the same time: one thread decodes, several infer a frame each, entries come in order.

A session of ONNX Runtime that runs on one thread, called by as many threads as there are cores, gets through more
frames than one that splits each frame among them.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from msgspec import structs

from frametally.engine.detectors import Detector
from frametally.engine.picture import Picture
from frametally.engine.result_entries import Entry
from frametally.engine.watchdog import DECODING, INFERRING, At

Frame = tuple[int, Picture]
"""The number of the entry, and what was decoded for it."""


def entries_of(frames: Iterator[Frame], detectors: Sequence[Detector], at: At) -> Iterator[tuple[int, list[Entry]]]:
    """For each frame, in order, what every model sees in it.

    Raises:
        ModelError: a model failed on a frame.
    """
    threads = len(os.sched_getaffinity(0))
    free = [detector for detector in detectors if not detector.is_in_order]
    decoder, models = ThreadPoolExecutor(1, "decoder"), ThreadPoolExecutor(threads, "models")
    waiting: deque[tuple[int, Picture, Future[list[Entry]]]] = deque()
    try:
        coming = decoder.submit(next, frames, None)
        while (frame := _decoded(coming, at)) is not None:
            coming = decoder.submit(next, frames, None)
            waiting.append((*frame, models.submit(_infer_all, free, frame[1])))
            # The decoder is no further ahead than keeps every thread busy.
            while waiting and (len(waiting) > threads + 1 or waiting[0][2].done()):
                at(INFERRING)
                yield _finished(*waiting.popleft(), detectors)
        while waiting:
            at(INFERRING)
            yield _finished(*waiting.popleft(), detectors)
    finally:
        for pool in (models, decoder):
            pool.shutdown(cancel_futures=True)


def infer(detector: Detector, picture: Picture) -> Entry:
    """What one model sees in one frame, and how long it took."""
    started_s = time.perf_counter()
    entry = detector.infer(picture)
    if isinstance(entry, dict):  # another server's answer, which says so itself
        return entry
    return structs.replace(entry, time=round(time.perf_counter() - started_s, 6))


def _decoded(coming: Future[Frame | None], at: At) -> Frame | None:
    at(DECODING)
    return coming.result()


def _infer_all(detectors: Sequence[Detector], picture: Picture) -> list[Entry]:
    return [infer(detector, picture) for detector in detectors]


def _finished(
    entry: int, picture: Picture, started: Future[list[Entry]], detectors: Sequence[Detector]
) -> tuple[int, list[Entry]]:
    """What was started; and only now, in order, what the models see that remember the frames before."""
    found = iter(started.result())
    return entry, [infer(detector, picture) if detector.is_in_order else next(found) for detector in detectors]
