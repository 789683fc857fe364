"""The frame index, and which frames are planned for analysis."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from frametally.video.frame_index import FrameIndex, build_index, plan_frames, planned_times_s


def index_of(pts: list[int], *, time_base: Fraction = Fraction(1, 1000), end_pts: int | None = None) -> FrameIndex:
    """Frames at these times; without `end_pts` the last one has the duration of the one before."""
    end = 2 * pts[-1] - pts[-2] if end_pts is None else end_pts
    keyframes = np.array([[pts[0], pts[0]]])
    return FrameIndex(np.array(pts), time_base, held_end_pts=end, end_pts=end, keyframes=keyframes)


def at_rate(rate: Fraction, frames: int, *, start_pts: int = 0) -> FrameIndex:
    """An index with an exactly constant frame rate."""
    step = rate.denominator
    pts = [start_pts + number * step for number in range(frames)]
    return index_of(pts, time_base=Fraction(1, rate.numerator), end_pts=start_pts + frames * step)


def nearest_frames(index: FrameIndex, infer_fps: Fraction) -> list[int]:
    """The rule of the contract as a plain loop over exact times, in units of which all of them are multiples."""
    pts_units = index.time_base.numerator * infer_fps.numerator
    times = [int(pts - index.pts[0]) * pts_units for pts in index.pts]
    end = (index.end_pts - int(index.pts[0])) * pts_units
    interval = index.time_base.denominator * infer_fps.denominator
    chosen: list[int] = []
    at = 0
    while at == 0 or at * interval < end:
        target = at * interval
        nearest = min(range(len(times)), key=lambda number: (abs(times[number] - target), number))
        chosen += [] if nearest in chosen else [nearest]
        at += 1
    return chosen


@pytest.mark.parametrize(
    ("rate", "frames", "infer_fps", "planned"),
    [
        (Fraction(24), 48, 4, list(range(0, 48, 6))),
        (Fraction(30), 60, 30, list(range(60))),
        (Fraction(30), 60, 1, [0, 30]),
        (Fraction(30), 61, 1, [0, 30, 60]),
        (Fraction(10), 10, 4, [0, 2, 5, 7]),
        (Fraction(10), 10, 30, list(range(10))),
        (Fraction(25, 2), 25, 5, [0, 2, 5, 7, 10, 12, 15, 17, 20, 22]),
        (Fraction(30000, 1001), 30, 10, [*range(0, 30, 3), 29]),
        (Fraction(1), 1, 5, [0]),
    ],
)
def test_the_nearest_frame_is_planned_and_on_a_tie_the_earlier_one(
    rate: Fraction, frames: int, infer_fps: float, planned: list[int]
) -> None:
    assert plan_frames(at_rate(rate, frames), infer_fps).tolist() == planned
    assert plan_frames(at_rate(rate, frames, start_pts=126_000), infer_fps).tolist() == planned


@pytest.mark.parametrize("rate", [Fraction(30000, 1001), Fraction(24000, 1001), Fraction(179, 6), Fraction(25, 2)])
@pytest.mark.parametrize("infer_fps", [1, 2.5, 5, 7, 12])
def test_rates_that_do_not_divide_follow_the_rule(rate: Fraction, infer_fps: float) -> None:
    index = at_rate(rate, 400)
    assert plan_frames(index, infer_fps).tolist() == nearest_frames(index, Fraction(infer_fps))


def test_planned_times_do_not_drift_over_an_hour() -> None:
    rate = Fraction(30000, 1001)
    index = at_rate(rate, int(3600 * rate))
    times_s = planned_times_s(index, plan_frames(index, 5))
    assert np.abs(times_s - np.arange(len(times_s)) / 5).max() <= float(0.5 / rate) + 1e-9


def test_the_frame_rate_of_the_video_plans_every_frame() -> None:
    rate = Fraction(30000, 1001)
    for written in (float(rate), 29.97):
        assert plan_frames(at_rate(rate, 20_000), written).tolist() == list(range(20_000))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("infer_fps", [1, 5, 15, 60])
def test_variable_frame_rates_plan_no_frame_twice(seed: int, infer_fps: int) -> None:
    steps = np.random.default_rng(seed).choice([33, 34, 100, 700], 50)
    index = index_of([0, *np.cumsum(steps).tolist()])
    planned = plan_frames(index, infer_fps).tolist()
    assert planned == nearest_frames(index, Fraction(infer_fps))
    assert len(planned) == len(set(planned))


def test_the_plan_of_a_truncated_file_reaches_its_declared_end() -> None:
    whole = at_rate(Fraction(10), 40)
    cut = FrameIndex(whole.pts[:25], whole.time_base, held_end_pts=25, end_pts=whole.end_pts, keyframes=whole.keyframes)
    assert plan_frames(cut, 5).tolist() == plan_frames(whole, 5).tolist()
    assert planned_times_s(cut, plan_frames(cut, 5)).tolist() == pytest.approx((np.arange(20) / 5).tolist())


def test_position_of_needs_the_exact_pts() -> None:
    index = index_of([0, 40, 80])
    assert [index.position_of(pts) for pts in (0, 40, 80, 41, -1, 120)] == [0, 1, 2, None, None, None]


def write_packets(path: Path, times: Sequence[tuple[int, int]]) -> None:
    """Write the same picture repeatedly, in this file order, with (pts, duration) in milliseconds."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("mjpeg", rate=Fraction(1000))
        stream.width, stream.height, stream.pix_fmt = 16, 16, "yuvj420p"
        (content,) = (bytes(packet) for packet in stream.encode(av.VideoFrame(16, 16, "yuvj420p")))
        for number, (pts, duration) in enumerate(times):
            packet = av.Packet(content)
            packet.stream, packet.is_keyframe, packet.time_base = stream, True, Fraction(1, 1000)
            packet.pts, packet.dts, packet.duration = pts, number, duration
            container.mux(packet)


def test_indexing_takes_few_bytes_per_frame(tmp_path: Path) -> None:
    frames = 20_000
    write_packets(tmp_path / "many.mkv", [(number, 1) for number in range(frames)])
    tracemalloc.start()
    try:
        index = build_index(tmp_path / "many.mkv")
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(index) == len(index.keyframes) == frames
    assert peak_bytes < 220 * frames


def test_frames_with_the_same_pts_get_times_of_their_own(tmp_path: Path) -> None:
    times = ((0, 100), (200, 30), (200, 70), (100, 40))
    write_packets(tmp_path / "twice.mkv", times)
    index = build_index(tmp_path / "twice.mkv")
    assert index.pts.tolist() == [0, 100, 200, 201]
    assert index.keyframes[:, 0].tolist() == [0, 200, 201]
    assert index.held_end_pts == 271
