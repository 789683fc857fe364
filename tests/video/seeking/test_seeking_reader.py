"""Frames read by parked decoders equal those of sequential decoding, pixel by pixel; decoders end when they should."""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from frametally.video.decoding import decode
from frametally.video.displayed_frame import DisplayedFrame, displayed
from frametally.video.frame_index import build_index
from frametally.video.frame_reader import FrameReader, Superseded, always
from frametally.video.seeking import seeking_reader
from frametally.video.seeking.parked_decoder import ParkedDecoder
from frametally.video.seeking.parks import Parks
from frametally.video.seeking.seeking_reader import SeekingReader
from frametally.video.seeking.stops import Stops
from tests.support.damaged_videos import change_bytes, write_clip
from tests.support.polling import until
from tests.support.soak import iterations, shortened
from tests.support.videos import FRAMES, ffmpeg, write

CLIPS = [
    *("long_gop.mp4", "b_frames.mp4", "open_gop.mp4", "open_gop.mkv", "open_gop.ts", "hevc.mp4", "variable.mp4"),
    *("late.mkv", "refresh.mp4", "refresh.ts", "vp8.webm", "vp9.webm", "turned.mp4"),
]
DISTANCE = 4


@pytest.fixture(autouse=True)
def always_by_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use a decoder wherever one has fewer frames to decode, though that saves no time in clips as small as these."""
    monkeypatch.setattr(seeking_reader, "_SPEED_UP", 1)
    monkeypatch.setattr(seeking_reader, "_COPYING", 0)


@contextmanager
def prepared(path: Path, parks: Parks | None = None) -> Iterator[tuple[SeekingReader, Parks]]:
    """A reader with a decoder parked after every few frames."""
    parks, index = parks or Parks(quiet_s=0), build_index(path)
    with closing(SeekingReader(path, index, parks, cache_bytes=0, distance=DISTANCE)) as reader:
        stops = set(Stops(index, 1, DISTANCE).around(0))
        assert stops
        reader.displayed(0)
        until(lambda: parks.positions(reader) == stops)
        yield reader, parks


def processes() -> set[int]:
    """The ids of the decoders that this process has started, and of their copies."""
    return set(descendants(os.getpid()))


def descendants(parent: int) -> Iterator[int]:
    for child in children(parent):
        if b"frametally.video.seeking.process" in command_line(child):
            yield child
        yield from descendants(child)


def children(parent: int) -> list[int]:
    found = []
    with suppress(OSError):  # it has ended, or one of its threads
        for task in Path(f"/proc/{parent}/task").iterdir():
            with suppress(OSError):
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def command_line(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()  # empty once it has ended
    except OSError:
        return b""


@pytest.fixture
def read_here(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The frames that a reader decodes in this process."""
    positions, original = list[int](), FrameReader.displayed

    def displayed(self: FrameReader, position: int, is_wanted: Callable[[], bool] = always) -> DisplayedFrame | None:
        positions.append(position)
        return original(self, position, is_wanted)

    monkeypatch.setattr(FrameReader, "displayed", displayed)
    return positions


def assert_same(shown: DisplayedFrame | None, wanted: DisplayedFrame | None, which: object) -> None:
    assert shown is not None, which
    assert wanted is not None, which
    assert np.array_equal(shown.image, wanted.image), which
    assert shown[1:] == wanted[1:], which


@pytest.mark.parametrize("name", shortened(CLIPS, {"long_gop.mp4", "open_gop.ts"}))
def test_parked_decoders_read_the_exact_frames(hard_videos: Path, name: str, read_here: list[int]) -> None:
    path, anywhere, tries = hard_videos / name, random.Random(name), iterations(40)
    with prepared(path) as (reader, _):
        expected = [displayed(frame, reader.pixel_aspect) for frame in decode(path)]
        here, last = 0, len(reader.index) - 1
        for number in range(tries):
            here = anywhere.randint(0, last) if anywhere.random() < 0.6 else min(here + anywhere.randint(0, 3), last)
            if number % 5 == 0:
                with suppress(Superseded):
                    reader.displayed(anywhere.randint(0, last), lambda: False)
            assert_same(reader.displayed(here), expected[here], f"{here} of {name}")
        assert reader.has_processes
    assert len(read_here) < tries


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")
def test_a_copy_does_not_read_on_where_another_one_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "negative.mkv"  # its first keyframe is found only from the start, in a file that is opened again
    write(tmp_path / "whole.mp4", "libx264", {"g": "30", "bf": "3", "preset": "veryfast", "qp": "1"})
    ffmpeg("-ss", "1.7", "-i", tmp_path / "whole.mp4", "-c", "copy", "-avoid_negative_ts", "disabled", path)
    with prepared(path) as (reader, _):
        expected = [displayed(frame, reader.pixel_aspect) for frame in decode(path)]
        for position in random.Random(1).choices(range(FRAMES), k=60):
            assert_same(reader.displayed(position), expected[position], position)


def test_decoders_end_with_their_reader(hard_videos: Path) -> None:
    path = hard_videos / "long_gop.mp4"
    with prepared(path) as (reader, parks):
        assert reader.displayed(FRAMES - 1) is not None
        assert len(processes()) >= len(parks) + 2  # the first one, and the one that has read the frame
    assert len(parks) == 0
    until(lambda: not processes())
    assert_same(reader.displayed(30), FrameReader(path, reader.index).displayed(30), "closed")


def test_a_reader_that_is_closed_while_a_process_starts_has_none(
    hard_videos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, original, started = hard_videos / "long_gop.mp4", ParkedDecoder.started, []
    reader = SeekingReader(path, build_index(path), Parks(quiet_s=0), cache_bytes=0, distance=DISTANCE)

    def start(video: Path) -> ParkedDecoder:
        decoder = original(video)
        reader.close()
        started.append(decoder)
        return decoder

    monkeypatch.setattr(ParkedDecoder, "started", start)
    reader.displayed(0)
    until(lambda: len(started) == 1)
    until(lambda: not processes())


def test_a_frame_is_shown_though_no_thread_can_be_started(hard_videos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, parks = hard_videos / "long_gop.mp4", Parks(quiet_s=0)

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with closing(SeekingReader(path, build_index(path), parks, cache_bytes=0, distance=DISTANCE)) as reader:
        with monkeypatch.context() as limited:
            limited.setattr(threading.Thread, "start", refuse)
            assert reader.displayed(3) is not None
        assert reader.displayed(4) is not None
        until(lambda: parks.positions(reader))


def test_a_frame_is_read_without_decoders_that_were_killed(hard_videos: Path) -> None:
    path = hard_videos / "long_gop.mp4"
    with prepared(path) as (reader, parks):
        for process in processes():
            os.kill(process, signal.SIGKILL)
        assert_same(reader.displayed(50), FrameReader(path, reader.index).displayed(50), "killed")
        assert len(parks) == 0


def test_a_video_without_reliable_times_is_read_without_decoders(hard_videos: Path) -> None:
    path = hard_videos / "mpeg4.avi"
    with closing(SeekingReader(path, build_index(path), Parks(), cache_bytes=0, distance=DISTANCE)) as reader:
        assert not reader.has_processes


def test_a_damaged_video_is_read_without_decoders(tmp_path: Path) -> None:
    write_clip(tmp_path / "whole.mp4", "h264")
    change_bytes(tmp_path / "whole.mp4", tmp_path / "damaged.mp4", seed=1, count=8)
    index, parks = build_index(tmp_path / "damaged.mp4"), Parks(quiet_s=0)
    other = FrameReader(tmp_path / "damaged.mp4", index)
    with closing(SeekingReader(tmp_path / "damaged.mp4", index, parks, cache_bytes=0, distance=DISTANCE)) as reader:
        reader.displayed(0)
        until(lambda: not reader.has_processes)
        for position in random.Random(2).sample(range(len(index)), 12):
            assert_same(reader.displayed(position), other.displayed(position), position)
    assert len(parks) == 0
