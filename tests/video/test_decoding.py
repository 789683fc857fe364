"""Decoding: exactly the requested frames, in several containers and structures."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from frametally.errors import VideoError
from frametally.video.decoding import Image, decode, upright
from frametally.video.frame_index import build_index, plan_frames
from frametally.video.frame_reader import read_frames
from frametally.video.probe import probe
from tests.support.shared_data import REPRESENTATIVE_VIDEOS, SHARED_DATA
from tests.support.soak import iterations
from tests.support.video_files import write_video

REAL_VIDEOS = sorted(path for path in (SHARED_DATA / "videos").rglob("*") if path.is_file())
NO_VIDEOS = {"audio_only.mp4", "car_truncated_nomoov.mp4", "empty.mp4", "random_bytes.mp4"}


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Videos of 40 frames in several containers and structures."""
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
    at = turned.index(b"tkhd") + 44  # the display matrix of the track
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


def assert_equals_sequential_decoding(path: Path, positions: npt.NDArray[np.int64]) -> None:
    """All at once, and alone; in `make test`, one of four is requested alone."""
    index = build_index(path)
    expected = frames_from_the_start(path, positions)
    alone = positions if iterations(1) > 1 else positions[1::4]
    for requested in (positions.tolist(), *[[position] for position in alone.tolist()]):
        read = dict(read_frames(path, index, requested))
        assert list(read) == sorted(position for position in requested if position in expected)
        assert all(np.array_equal(image, expected[position]) for position, image in read.items())


@pytest.mark.parametrize("name", ["b_frames.mp4", "b_frames.mkv", "late_start.ts", "variable.mp4", "turned.mp4"])
def test_exactly_the_requested_frames_are_read(kinds: Path, name: str) -> None:
    assert len(build_index(kinds / name)) == 40
    assert_equals_sequential_decoding(kinds / name, np.array([0, 1, 2, 8, 9, 11, 12, 13, 20, 23, 24, 35, 38, 39]))


SHORT = [path for path in REAL_VIDEOS if path.name in REPRESENTATIVE_VIDEOS | NO_VIDEOS]


@pytest.mark.parametrize(
    ("path", "tries"),
    [
        *(pytest.param(path, 0, id=path.name) for path in SHORT),
        *(pytest.param(path, 5, id=f"{path.name}-longer", marks=pytest.mark.soak) for path in REAL_VIDEOS),
    ],
)
def test_exactly_the_requested_frames_of_real_videos_are_read(path: Path, tries: int) -> None:
    if path.name in NO_VIDEOS:
        with pytest.raises(VideoError):
            probe(path)
        return
    last = len(build_index(path)) - 1
    chosen = np.random.default_rng(1).integers(0, last + 1, tries)
    assert_equals_sequential_decoding(path, np.unique([0, last // 2, last, *chosen]))


def test_positions_outside_the_video_are_ignored(small_video: Path) -> None:
    assert [number for number, _ in read_frames(small_video, build_index(small_video), [39, 40, -1, 5, 5])] == [5, 39]


def test_probe_returns_the_properties_of_a_video(small_video: Path) -> None:
    info = probe(small_video)
    assert (info.container, info.codec, info.rotation_deg) == ("mov", "h264", 0)
    assert (info.width_px, info.height_px, info.frame_count) == (320, 240, 40)
    assert (info.frame_rate, info.fps, info.duration_s) == ("10", 10.0, 4.0)
    assert info.size_bytes == small_video.stat().st_size


def test_probe_returns_the_size_after_rotation(kinds: Path) -> None:
    info = probe(kinds / "turned.mp4")
    assert (info.width_px, info.height_px) == (240, 320)
    assert info.rotation_deg in (90, 270)


def test_times_start_at_the_first_frame(kinds: Path) -> None:
    index = build_index(kinds / "late_start.ts")
    assert index.pts[0] > 0
    assert index.times_s.tolist() == pytest.approx([number / 10 for number in range(40)])
    assert index.duration_s == pytest.approx(4.0)


def test_a_truncated_video_is_indexed_up_to_its_last_frame(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "whole.mp4"), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=10, options={"g": "5", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.mux([packet for picture in moving_bar(40) for packet in stream.encode(picture)])
        container.mux(stream.encode(None))
    whole = (tmp_path / "whole.mp4").read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: len(whole) * 3 // 4])
    info, index = probe(cut), build_index(cut)
    assert (info.frame_count, info.duration_s) == (40, 4.0)
    assert 0 < len(index) < 40
    assert plan_frames(index, 5).tolist() == list(range(0, 40, 2))


def make_sound(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), dtype=np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_audio_without_video_is_an_error(tmp_path: Path) -> None:
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
def test_files_that_are_not_videos_are_an_error_with_the_reason(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(content)
    with pytest.raises(VideoError, match=why) as caught:
        probe(path)
    assert caught.value.next_step
    assert str(tmp_path) not in str(caught.value)


def test_a_video_without_its_container_index_is_an_error(tmp_path: Path, small_video: Path) -> None:
    path = tmp_path / "cut.mp4"
    path.write_bytes(small_video.read_bytes()[: small_video.stat().st_size // 2])
    with pytest.raises(VideoError, match="cut short before its index"):
        probe(path)
