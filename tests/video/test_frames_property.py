"""Frames of random files, by content: those of a plain decode, in the order of their times, wherever reading starts."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from random import Random

import av
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from frametally.errors import VideoError
from frametally.video.container import has_reliable_pts
from frametally.video.frame_index import build_index
from frametally.video.frame_reader import FrameReader
from tests.support.numbered_streams import Coding, Timing, number_of, with_lost_packets, write_numbered
from tests.support.soak import iterations

CONTAINERS = {
    "libx264": ["mp4", "mov", "mkv", "ts", "avi"],
    "mpeg4": ["mp4", "mkv", "avi"],
    "mpeg2video": ["mkv", "ts"],
    "mjpeg": ["mp4", "mov", "mkv", "avi"],
}
MAX_B_FRAMES = {"libx264": 4, "mpeg4": 2, "mpeg2video": 2, "mjpeg": 0}
TIME_BASES = [Fraction(1, 1000), Fraction(1, 90_000), Fraction(1, 25), Fraction(1001, 30_000), Fraction(1, 12_800)]
AVI_CLOCK = Fraction(1, 25)
SLOW = Coding(codec="libx264", pictures=17, group=8, b_frames=3)
ALL_MARKED = Coding(codec="mpeg4", pictures=17, group=4, b_frames=2)
"""In MP4, a file in which no keyframe is marked is one in which every picture is."""
STARTS = [0, 0, 7, 100_000, -1, -45, -1024]


@st.composite
def codings(draw: st.DrawFn, codec: str, suffix: str) -> Coding:
    return Coding(
        codec=codec,
        pictures=draw(st.sampled_from([9, 17] if suffix == "ts" else [1, 2, 9, 17])),  # too short, it is no MPEG-TS
        group=draw(st.sampled_from([1, 4, 7, 30])),
        b_frames=draw(st.integers(0, MAX_B_FRAMES[codec])),
        is_open=draw(st.booleans()),
    )


@st.composite
def timings(draw: st.DrawFn, codec: str, suffix: str) -> Timing:
    is_avi = suffix == "avi"
    is_shuffled = codec == "mjpeg" and not is_avi and draw(st.booleans())
    # Longer steps back than of a few ticks begin another recording.
    steps = [1, 2, 5] if is_avi or is_shuffled else [1, 2, 40, 41, 512, 9000]
    start = 0 if is_avi else draw(st.sampled_from(STARTS))
    # FFmpeg looks for the keyframe before the start that an edit list hides by these marks.
    is_marked = suffix in ("mp4", "mov") and start < 0
    return Timing(
        steps=tuple(draw(st.lists(st.sampled_from([0, *steps] if suffix == "mkv" else steps), min_size=1, max_size=4))),
        start=start,
        time_base=AVI_CLOCK if is_avi else draw(st.sampled_from(TIME_BASES)),
        is_shuffled=is_shuffled,
        unmarked=0.0 if is_marked else draw(st.sampled_from([0.0, 0.0, 0.5, 1.0])),
        seed=draw(st.integers(0, 1000)),
    )


@st.composite
def files(draw: st.DrawFn) -> tuple[str, Coding, Timing]:
    codec = draw(st.sampled_from(sorted(CONTAINERS)))
    suffix = draw(st.sampled_from(CONTAINERS[codec]))
    return suffix, draw(codings(codec, suffix)), draw(timings(codec, suffix))


def plain_decode(path: Path) -> list[int]:
    """The numbers of the pictures in the order in which a player shows them."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [(frame.pts or 0, number_of(frame)) for frame in container.decode(stream)]
        if has_reliable_pts(container, stream):
            frames.sort(key=lambda frame: frame[0])
    return [number for _, number in frames]


@example(("mkv", SLOW, Timing(steps=(1,), start=0, time_base=Fraction(1, 1))), 0.0)
@example(("mkv", SLOW, Timing(steps=(2, 0, 0), start=0, time_base=Fraction(1, 1000))), 0.0)
@example(("mp4", ALL_MARKED, Timing(steps=(40,), start=0, time_base=Fraction(1, 1000), unmarked=1.0)), 0.0)
@settings(max_examples=iterations(30), deadline=None, derandomize=iterations(1) == 1)
@given(file=files(), lost=st.sampled_from([0.0, 0.2]))
def test_frames_are_those_of_a_plain_decode(
    tmp_path_factory: pytest.TempPathFactory, file: tuple[str, Coding, Timing], lost: float
) -> None:
    suffix, coding, timing = file
    path = tmp_path_factory.getbasetemp() / f"numbered.{suffix}"
    write_numbered(path, coding, timing)
    if suffix == "ts":
        with_lost_packets(path, lost, timing.seed)
    expected = plain_decode(path)
    try:
        index = build_index(path)
    except VideoError:  # an edit list hides every picture
        assert not expected
        return
    assert (np.diff(index.pts) > 0).all()
    assert len(index) == len(expected) or not expected  # nothing can be decoded
    reader = FrameReader(path, index, cache_bytes=0, threads=1)
    assert [number_of(frame) for _, frame in reader.frames(range(len(index)))] == expected
    for at in Random(timing.seed).sample(range(len(expected)), min(len(expected), 8)):
        assert [number_of(frame) for _, frame in reader.frames([at])] == [expected[at]]
    reader.close()
