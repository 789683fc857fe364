"""A video that stays open from one piece to the next: the same frames with fewer seeks, and when it is closed."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from frametally.cluster.kept_reader import KeptReader
from frametally.engine.pipeline import Frame
from frametally.engine.runner import Plan, make_plan, open_reader, planned_frames, read_planned
from frametally.video.damage import DamageReported
from frametally.video.frame_reader import FrameReader
from tests.support.polling import until

Frames = list[tuple[int, bytes]]


@pytest.fixture
def plan(hard_videos: Path) -> Plan:
    """Every frame, of which the decoder holds several back."""
    return make_plan(hard_videos / "b_frames.mp4", 10)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often readers were opened, closed, and started at a keyframe."""
    counts = Counter[str]()

    def counted(name: str, method: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            counts[name] += 1
            return method(*arguments)

        return call

    for name, attribute in (("opened", "_open"), ("seeks", "packets_from"), ("closed", "close")):
        monkeypatch.setattr(FrameReader, attribute, counted(name, getattr(FrameReader, attribute)))
    return counts


def analyzed(kept: KeptReader, key: str, video: Path, plan: Plan, start: int, stop: int) -> Frames:
    with kept.reader(key, video, plan, 1) as reader:
        return list(pixels(read_planned(reader, plan.planned, plan.damaged, range(start, stop))))


def pixels(frames: Iterator[Frame]) -> Iterator[tuple[int, bytes]]:
    return ((entry, picture.bgr().tobytes()) for entry, picture in frames)


def test_pieces_in_order_go_on_with_the_decoder_and_others_with_the_open_file(
    hard_videos: Path, plan: Plan, calls: Counter[str]
) -> None:
    video, kept = hard_videos / "b_frames.mp4", KeptReader()
    expected = list(pixels(planned_frames(video, plan.index, plan.planned, threads=1)))
    calls.clear()
    in_order = [analyzed(kept, "a", video, plan, start, start + 15) for start in range(0, 60, 15)]
    assert sum(in_order, Frames()) == expected
    assert calls == {"opened": 1, "seeks": 1}
    for start in (45, 0, 30, 15):
        assert analyzed(kept, "a", video, plan, start, start + 15) == expected[start : start + 15]
    assert calls["opened"] == 1
    kept.close_unless("a")
    assert "closed" not in calls
    kept.close_unless("")
    assert calls["closed"] == 1


def test_another_plan_closes_it_and_so_does_time(hard_videos: Path, plan: Plan, calls: Counter[str]) -> None:
    video, kept = hard_videos / "b_frames.mp4", KeptReader(idle_s=0.01)
    expected = analyzed(kept, "a", video, plan, 0, 5)
    until(lambda: bool(calls["closed"]), limit_s=10)
    assert analyzed(kept, "a", video, plan, 0, 5) == expected
    assert analyzed(KeptReader(), "a", video, plan, 0, 5) == expected
    calls.clear()
    assert analyzed(kept, "b", video, plan, 0, 5) == expected
    assert (calls["opened"], calls["closed"] > 0) == (1, True)


def test_nothing_is_kept_after_an_error_and_of_damaged_videos(
    hard_videos: Path, plan: Plan, calls: Counter[str]
) -> None:
    video, kept = hard_videos / "b_frames.mp4", KeptReader()
    with pytest.raises(RuntimeError), kept.reader("a", video, plan, 1):
        raise RuntimeError
    assert (calls["opened"], calls["closed"]) == (1, 1)
    damaged = replace(plan, damaged=np.zeros(len(plan.index), np.bool_))
    analyzed(kept, "known", video, damaged, 0, 5)
    assert (calls["opened"], calls["closed"]) == (2, 2)


def test_a_piece_waits_for_the_timer_that_closes_the_reader(
    hard_videos: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    video, kept, close = hard_videos / "b_frames.mp4", KeptReader(idle_s=0.0), FrameReader.close
    closing, may_close, closed = threading.Event(), threading.Event(), threading.Event()

    def slow_close(reader: FrameReader) -> None:
        closing.set()
        may_close.wait(10)
        close(reader)
        closed.set()

    expected = analyzed(KeptReader(), "a", video, plan, 0, 10)
    monkeypatch.setattr(FrameReader, "close", slow_close)
    analyzed(kept, "a", video, plan, 0, 5)
    assert closing.wait(10)
    threading.Timer(0.05, may_close.set).start()
    with kept.reader("a", video, plan, 1) as reader:
        assert closed.is_set()
        assert list(pixels(read_planned(reader, plan.planned, plan.damaged, range(5, 10)))) == expected[5:]


def test_damage_that_only_a_run_over_the_end_of_a_piece_decodes_is_reported(hard_videos: Path, tmp_path: Path) -> None:
    video = tmp_path / "intra.avi"
    shutil.copy(hard_videos / "intra.avi", video)
    plan = make_plan(video, 2)
    with av.open(str(video)) as container:
        packet = list(container.demux(video=0))[2]
    assert packet.pos
    with video.open("r+b") as file:
        file.seek(packet.pos + 8)  # after the header of its chunk
        file.write(bytes(packet.size))
    assert plan.planned[:2].tolist() == [0, 5]
    with closing(open_reader(video, plan.index, None, 1)) as reader, pytest.raises(DamageReported):
        list(read_planned(reader, plan.planned, None, range(1)))
    with closing(open_reader(video, plan.index, None, 1)) as reader:
        assert [entry for entry, _ in read_planned(reader, plan.planned, None, range(1, 3))] == [1, 2]
