"""Concurrent inference: order of the entries, reported phases, threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from frametally.engine.picture import Picture
from frametally.engine.pipeline import infer_frames
from frametally.engine.result_entries import DetectionEntry, Prediction
from frametally.engine.watchdog import DECODING, INFERRING, Phase
from frametally.errors import ModelError


class Watcher:
    """Detects the brightness of each picture and records the order of the calls."""

    def __init__(self, *, is_stateful: bool, both: threading.Barrier | None = None) -> None:
        self.classes = ["level"]
        self.is_stateful = is_stateful
        self.seen: list[int] = []
        self._both = both

    def infer(self, picture: Picture) -> DetectionEntry:
        level = int(picture.bgr()[0, 0, 0])
        if self._both is not None:
            self._both.wait(timeout=20)
        self.seen.append(level)
        return DetectionEntry(picture.size, [Prediction(0, 0, 1, 1, 1.0, "level", level)])


def frames(count: int) -> Iterator[tuple[int, Picture]]:
    for entry in range(count):
        yield entry * 2, Picture.of(np.full((8, 8, 3), entry, dtype=np.uint8))


def ignore_phase(_: Phase) -> None:
    """Ignore the reported phase."""


def levels(found: list[object]) -> list[object]:
    return [entry.predictions[0].class_id for entry in found]  # type: ignore[attr-defined]


def test_entries_are_in_the_order_of_the_frames() -> None:
    free, ordered = Watcher(is_stateful=False), Watcher(is_stateful=True)
    entries = [
        (entry, levels(list(found))) for entry, found in infer_frames(frames(40), [free, ordered, free], ignore_phase)
    ]
    assert entries == [(entry * 2, [entry] * 3) for entry in range(40)]
    assert ordered.seen == list(range(40))


def test_two_frames_are_processed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    watcher = Watcher(is_stateful=False, both=threading.Barrier(2))  # passes only once two threads wait at it
    assert len(list(infer_frames(frames(10), [watcher], ignore_phase))) == 10


def test_entries_have_their_compute_time() -> None:
    (_, (entry,)), *_ = infer_frames(frames(1), [Watcher(is_stateful=False)], ignore_phase)
    assert entry.time > 0


def test_decoding_and_inference_are_reported_as_phases() -> None:
    phases: list[Phase] = []
    results = infer_frames(frames(40), [Watcher(is_stateful=False)], phases.append)
    next(results)
    assert phases[-1] == INFERRING
    assert set(phases[:-1]) == {DECODING}
    list(results)
    assert (phases.count(DECODING), phases.count(INFERRING)) == (41, 40)


def test_a_model_that_fails_ends_the_run_and_leaves_no_thread() -> None:
    class Failing(Watcher):
        def infer(self, picture: Picture) -> DetectionEntry:
            raise ModelError("It failed.")

    before = threading.active_count()
    with pytest.raises(ModelError, match=r"It failed\."):
        list(infer_frames(frames(5), [Failing(is_stateful=False)], ignore_phase))
    assert threading.active_count() <= before


def test_closing_the_iterator_leaves_no_thread() -> None:
    before = threading.active_count()
    results = infer_frames(frames(100), [Watcher(is_stateful=False)], ignore_phase)
    next(results)
    results.close()
    assert threading.active_count() <= before
