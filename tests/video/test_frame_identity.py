"""A frame is what the decoder returns: its number, its time and its pixels equal those of a plain decode."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from frametally.video.frame_index import build_index
from frametally.video.frame_reader import FrameReader
from frametally.video.probe import probe
from frametally.video.remux import remux_to_mp4
from tests.support import frame_streams as streams
from tests.support.soak import iterations
from tests.support.videos import FRAMES

ALONE = 1 if iterations(1) > 1 else 6
"""One of so many frames is also requested alone, which may seek; in the soak each of them."""


def assert_equals_plain_decode(path: Path, frames: int | None = None) -> None:
    """Every frame, one after the other, and alone in both directions."""
    expected, index = streams.decoded(path), build_index(path)
    assert len(index) == len(expected) == (frames or len(expected))
    assert (np.diff(index.pts) > 0).all()
    reader = FrameReader(path, index, cache_bytes=0)
    seen = [frame.to_ndarray(format="gray") for _, frame in reader.frames(range(len(index)))]
    assert all(np.array_equal(one, other) for one, other in zip(seen, expected, strict=True))
    for position in [*range(0, len(index), ALONE), *range(len(index) - 1, -1, -ALONE - 4)]:
        frames_read = list(reader.frames([position]))
        assert [number for number, _ in frames_read] == [position]
        assert np.array_equal(frames_read[0][1].to_ndarray(format="gray"), expected[position]), position


def assert_remux_keeps_frames(path: Path, target: Path) -> None:
    remux_to_mp4(path, target)
    before, after = build_index(path), build_index(target)
    assert after.times_s.tolist() == pytest.approx(before.times_s.tolist(), abs=0.002)
    assert probe(target).frame_rate == probe(path).frame_rate
    assert_equals_plain_decode(target, len(before))


@pytest.fixture
def transport_stream(hard_videos: Path) -> Path:
    return hard_videos / "open_gop.ts"


def test_two_fields_are_one_frame(tmp_path: Path) -> None:
    streams.write_fields(tmp_path / "fields.ts", 12)
    assert_equals_plain_decode(tmp_path / "fields.ts", 12)
    info = probe(tmp_path / "fields.ts")
    assert (info.fps, info.frame_count, info.duration_s) == (25, 12, 0.48)
    assert_remux_keeps_frames(tmp_path / "fields.ts", tmp_path / "made.mp4")


def test_joined_recordings_follow_one_another(tmp_path: Path) -> None:
    path = streams.joined(tmp_path)
    assert_equals_plain_decode(path, 50)
    assert build_index(path).times_s.tolist() == pytest.approx([number / 10 for number in range(50)])
    assert_remux_keeps_frames(path, tmp_path / "made.mp4")


def test_a_clock_that_wraps_keeps_the_times(transport_stream: Path, tmp_path: Path) -> None:
    path = streams.wrapped(transport_stream, tmp_path / "wrapped.ts")
    assert_equals_plain_decode(path, FRAMES)
    assert build_index(path).times_s.tolist() == pytest.approx([number / 10 for number in range(FRAMES)])
    assert_remux_keeps_frames(path, tmp_path / "made.mp4")


@pytest.mark.parametrize("packets", [1, 3, 14])
def test_frames_without_times_at_the_start_are_counted(transport_stream: Path, tmp_path: Path, packets: int) -> None:
    path = streams.without_times(transport_stream, tmp_path / "untimed.ts", packets)
    assert_equals_plain_decode(path)
    assert_remux_keeps_frames(path, tmp_path / "made.mp4")


def test_frames_before_the_first_time_in_matroska_are_counted(remuxed_videos: Path, tmp_path: Path) -> None:
    path = remuxed_videos / "negative.mkv"
    assert_equals_plain_decode(path)
    assert_remux_keeps_frames(path, tmp_path / "made.mp4")


@pytest.mark.parametrize("suffix", ["ts", "mkv"])
@pytest.mark.parametrize("missing", [1, 5])
def test_a_stream_that_begins_inside_a_group_of_pictures_has_the_frames_of_players(
    transport_stream: Path, tmp_path: Path, suffix: str, missing: int
) -> None:
    path = streams.copied(transport_stream, tmp_path / f"late.{suffix}", lambda number, _: number >= missing)
    assert_equals_plain_decode(path)
    assert_remux_keeps_frames(path, tmp_path / "made.mp4")


@pytest.mark.parametrize("name", ["edit_list.mp4", "edit_list_open.mp4", "negative.mp4"])
def test_frames_that_an_edit_list_hides_are_not_counted(remuxed_videos: Path, name: str) -> None:
    assert_equals_plain_decode(remuxed_videos / name)


def test_frames_are_shown_in_the_order_of_their_times(tmp_path: Path) -> None:
    """Random orders, repetitions and steps of the times; the pictures say which frame of the file they are."""
    for seed in range(iterations(12)):
        times = streams.shuffled(tmp_path / "shuffled.mkv", seed)
        index = build_index(tmp_path / "shuffled.mkv")
        expected = [number for _, number in sorted(zip(times, range(len(times)), strict=True))]
        reader = FrameReader(tmp_path / "shuffled.mkv", index, cache_bytes=0)
        shown = [frame.to_ndarray(format="gray").mean() for _, frame in reader.frames(range(len(times)))]
        assert [round(level / 10) for level in shown] == expected, seed
        assert np.abs(index.times_s * 1000 - (np.sort(times) - min(times))).max() <= len(times), seed


@pytest.mark.parametrize(
    ("case", "frames", "rate"),
    [
        ("field_coded_h264/fields.ts", 24, 25),
        ("field_coded_h264/fields_remuxed.mp4", 24, 25),
        ("joined_takes_ts/joined.ts", 60, 10),
        ("ts_clock_wrap/wrap.ts", 30, 10),
        ("trimmed_frame_count/middle_cut.mp4", 20, 9.5),
        ("recorder_without_rate/recorder.webm", 60, 57.3),
        ("below_one_frame_per_second/lapse_0_5fps.mp4", 20, 0.5),
    ],
)
def test_reported_files_have_their_frames(shared_data: Path, case: str, frames: int, rate: float) -> None:
    path = shared_data / "reported" / case
    assert_equals_plain_decode(path, frames)
    info = probe(path)
    assert info.frame_count == frames
    assert info.fps == pytest.approx(rate, rel=0.01)
