"""What a file is, which of its frames are analyzed, and that each frame read is the one asked for."""

from __future__ import annotations

import struct
import tracemalloc
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from frametally.errors import VideoError
from frametally.video.decoding import Image, decode, read_frames, upright
from frametally.video.frame_index import FrameIndex, build_index, plan_frames, planned_times_s
from frametally.video.probe import probe
from tests.support.shared_data import SHARED_DATA
from tests.support.video_files import write_video

REAL_VIDEOS = sorted(path for path in (SHARED_DATA / "videos").rglob("*") if path.is_file())
NO_VIDEOS = {"audio_only.mp4", "car_truncated_nomoov.mp4", "empty.mp4", "random_bytes.mp4"}


def index_of(pts: list[int], *, time_base: Fraction = Fraction(1, 1000), end_pts: int | None = None) -> FrameIndex:
    """Frames at these times; the last one lasts as long as the one before it."""
    end = 2 * pts[-1] - pts[-2] if end_pts is None else end_pts
    keyframes = np.array([[pts[0], pts[0]]])
    return FrameIndex(np.array(pts), time_base, held_end_pts=end, end_pts=end, keyframes=keyframes)


def at_rate(rate: Fraction, frames: int, *, start_pts: int = 0) -> FrameIndex:
    """A constant frame rate, counted exactly."""
    step = rate.denominator
    pts = [start_pts + number * step for number in range(frames)]
    return index_of(pts, time_base=Fraction(1, rate.numerator), end_pts=start_pts + frames * step)


def nearest_frames(index: FrameIndex, infer_fps: Fraction) -> list[int]:
    """The rule of the contract, word by word: slow and exact."""
    times = [Fraction(int(pts - index.pts[0])) * index.time_base for pts in index.pts]
    end = (index.end_pts - int(index.pts[0])) * index.time_base
    chosen: list[int] = []
    at = 0
    while at == 0 or Fraction(at) / infer_fps < end:
        target = Fraction(at) / infer_fps
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
def test_the_frame_nearest_to_each_moment_is_planned_and_the_earlier_one_on_a_tie(
    rate: Fraction, frames: int, infer_fps: float, planned: list[int]
) -> None:
    assert plan_frames(at_rate(rate, frames), infer_fps).tolist() == planned
    assert plan_frames(at_rate(rate, frames, start_pts=126_000), infer_fps).tolist() == planned


@pytest.mark.parametrize("rate", [Fraction(30000, 1001), Fraction(24000, 1001), Fraction(179, 6), Fraction(25, 2)])
@pytest.mark.parametrize("infer_fps", [1, 2.5, 5, 7, 12])
def test_a_rate_that_does_not_divide_follows_the_rule(rate: Fraction, infer_fps: float) -> None:
    index = at_rate(rate, 400)
    assert plan_frames(index, infer_fps).tolist() == nearest_frames(index, Fraction(infer_fps))


def test_over_an_hour_the_time_axis_does_not_bend() -> None:
    rate = Fraction(30000, 1001)
    index = at_rate(rate, int(3600 * rate))
    times_s = planned_times_s(index, plan_frames(index, 5))
    assert np.abs(times_s - np.arange(len(times_s)) / 5).max() <= float(0.5 / rate) + 1e-9


def test_the_videos_own_rate_plans_every_frame() -> None:
    rate = Fraction(30000, 1001)
    for written in (float(rate), 29.97):
        assert plan_frames(at_rate(rate, 20_000), written).tolist() == list(range(20_000))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("infer_fps", [1, 5, 15, 60])
def test_of_a_variable_frame_rate_no_frame_is_planned_twice(seed: int, infer_fps: int) -> None:
    steps = np.random.default_rng(seed).choice([33, 34, 100, 700], 50)
    index = index_of([0, *np.cumsum(steps).tolist()])
    planned = plan_frames(index, infer_fps).tolist()
    assert planned == nearest_frames(index, Fraction(infer_fps))
    assert len(planned) == len(set(planned))


def test_where_the_file_was_cut_short_the_plan_goes_on_to_its_promised_end() -> None:
    whole = at_rate(Fraction(10), 40)
    cut = FrameIndex(whole.pts[:25], whole.time_base, held_end_pts=25, end_pts=whole.end_pts, keyframes=whole.keyframes)
    assert plan_frames(cut, 5).tolist() == plan_frames(whole, 5).tolist()
    assert planned_times_s(cut, plan_frames(cut, 5)).tolist() == pytest.approx((np.arange(20) / 5).tolist())


def test_a_frame_is_found_by_exactly_its_time() -> None:
    index = index_of([0, 40, 80])
    assert [index.position_of(pts) for pts in (0, 40, 80, 41, -1, 120)] == [0, 1, 2, None, None, None]


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same 40 frames in several containers and structures."""
    folder = tmp_path_factory.mktemp("kinds")
    write_video(folder / "b_frames.mp4", frames=40, fps=10)
    write_video(folder / "b_frames.mkv", frames=40, fps=10)
    write_video(folder / "late_start.ts", frames=40, fps=10)
    with av.open(str(folder / "variable.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "18", "g": "9", "bf": "3"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, picture in enumerate(moving_bar(40)):
            picture.pts, picture.time_base = number * 33 + (number // 5) * 150, Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    turned = (folder / "b_frames.mp4").read_bytes()
    at = turned.index(b"tkhd") + 44  # where the display matrix of the track stands
    matrix = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    (folder / "turned.mp4").write_bytes(turned[:at] + matrix + turned[at + len(matrix) :])
    return folder


def moving_bar(frames: int) -> list[av.VideoFrame]:
    images = [np.full((48, 64, 3), 40, dtype=np.uint8) for _ in range(frames)]
    for number, image in enumerate(images):
        image[:, number : number + 6] = 220
    return [av.VideoFrame.from_ndarray(image, format="bgr24") for image in images]


def frames_from_the_start(path: Path, positions: npt.NDArray[np.int64]) -> dict[int, Image]:
    return {number: upright(frame) for number, frame in enumerate(decode(path)) if number in positions}


def assert_reads_like_from_the_start(path: Path, positions: npt.NDArray[np.int64]) -> None:
    index = build_index(path)
    expected = frames_from_the_start(path, positions)
    for asked in (positions.tolist(), *[[position] for position in positions.tolist()]):
        read = dict(read_frames(path, index, asked))
        assert list(read) == sorted(position for position in asked if position in expected)
        assert all(np.array_equal(image, expected[position]) for position, image in read.items())


@pytest.mark.parametrize("name", ["b_frames.mp4", "b_frames.mkv", "late_start.ts", "variable.mp4", "turned.mp4"])
def test_a_frame_is_the_one_asked_for(kinds: Path, name: str) -> None:
    assert len(build_index(kinds / name)) == 40
    assert_reads_like_from_the_start(kinds / name, np.array([0, 1, 2, 8, 9, 11, 12, 13, 20, 23, 24, 35, 38, 39]))


@pytest.mark.parametrize("path", REAL_VIDEOS, ids=lambda path: str(path.name))
def test_a_frame_of_a_real_video_is_the_one_asked_for(path: Path) -> None:
    if path.name in NO_VIDEOS:
        with pytest.raises(VideoError):
            probe(path)
        return
    last = len(build_index(path)) - 1
    chosen = np.random.default_rng(1).integers(0, last + 1, 5)
    assert_reads_like_from_the_start(path, np.unique([0, last // 2, last, *chosen]))


def test_frames_that_are_not_there_are_left_out(small_video: Path) -> None:
    assert [number for number, _ in read_frames(small_video, build_index(small_video), [39, 40, -1, 5, 5])] == [5, 39]


def test_a_video_is_known_by_its_facts(small_video: Path) -> None:
    facts = probe(small_video)
    assert (facts.container, facts.codec, facts.rotation_deg) == ("mov", "h264", 0)
    assert (facts.width_px, facts.height_px, facts.frame_count) == (320, 240, 40)
    assert (facts.frame_rate, facts.fps, facts.duration_s) == ("10", 10.0, 4.0)
    assert facts.size_bytes == small_video.stat().st_size


def test_a_turned_video_is_measured_as_it_is_shown(kinds: Path) -> None:
    facts = probe(kinds / "turned.mp4")
    assert (facts.width_px, facts.height_px) == (240, 320)
    assert facts.rotation_deg in (90, 270)


def test_time_begins_at_the_first_frame(kinds: Path) -> None:
    index = build_index(kinds / "late_start.ts")
    assert index.pts[0] > 0
    assert index.times_s.tolist() == pytest.approx([number / 10 for number in range(40)])
    assert index.duration_s == pytest.approx(4.0)


def test_a_video_that_breaks_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "whole.mp4"), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=10, options={"g": "5", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.mux([packet for picture in moving_bar(40) for packet in stream.encode(picture)])
        container.mux(stream.encode(None))
    whole = (tmp_path / "whole.mp4").read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: len(whole) * 3 // 4])
    facts, index = probe(cut), build_index(cut)
    assert (facts.frame_count, facts.duration_s) == (40, 4.0)
    assert 0 < len(index) < 40
    assert plan_frames(index, 5).tolist() == list(range(0, 40, 2))


def make_sound(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), dtype=np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    make_sound(tmp_path / "sound.mp4")
    with pytest.raises(VideoError, match="audio only"):
        probe(tmp_path / "sound.mp4")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"no video at all" * 300, "not a video that can be read"),
        (bytes(4096), "not a video that can be read"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n", "not a video that can be read"),
        (b"ffconcat version 1.0\nfile /etc/hostname\n", "not a video that can be read"),
    ],
    ids=["empty", "text", "zeros", "playlist", "concatenation"],
)
def test_what_is_no_video_is_refused_with_the_reason(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(content)
    with pytest.raises(VideoError, match=why) as caught:
        probe(path)
    assert caught.value.next_step
    assert str(tmp_path) not in str(caught.value)


def test_a_video_without_its_index_is_refused(tmp_path: Path, small_video: Path) -> None:
    path = tmp_path / "cut.mp4"
    path.write_bytes(small_video.read_bytes()[: small_video.stat().st_size // 2])
    with pytest.raises(VideoError, match="cut short before its index"):
        probe(path)


def write_packets(path: Path, times: Sequence[tuple[int, int]]) -> None:
    """The same small picture, in the order of the file at these milliseconds and for so many."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("mjpeg", rate=Fraction(1000))
        stream.width, stream.height, stream.pix_fmt = 16, 16, "yuvj420p"
        (content,) = (bytes(packet) for packet in stream.encode(av.VideoFrame(16, 16, "yuvj420p")))
        for number, (pts, duration) in enumerate(times):
            packet = av.Packet(content)
            packet.stream, packet.is_keyframe, packet.time_base = stream, True, Fraction(1, 1000)
            packet.pts, packet.dts, packet.duration = pts, number, duration
            container.mux(packet)


def test_an_index_takes_few_bytes_a_frame(tmp_path: Path) -> None:
    frames = 20_000
    write_packets(tmp_path / "many.mkv", [(number, 1) for number in range(frames)])
    tracemalloc.start()
    try:
        index = build_index(tmp_path / "many.mkv")
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(index) == len(index.keyframes) == frames
    assert peak_bytes < 100 * frames


def test_of_frames_at_one_time_the_index_has_one(tmp_path: Path) -> None:
    times = ((0, 100), (200, 30), (200, 70), (100, 40))
    write_packets(tmp_path / "twice.mkv", times)
    index = build_index(tmp_path / "twice.mkv")
    assert index.pts.tolist() == [0, 100, 200]
    assert index.keyframes[:, 0].tolist() == [0, 200]
    assert index.held_end_pts == 270
