"""Where decoders are parked."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice

import numpy as np

from frametally.video.frame_index import FrameIndex
from frametally.video.seeking.stops import Stops


def index_with_keyframes(frames: int, keyframes: list[int]) -> FrameIndex:
    rows = np.array([[position * 100, position, 0, 0, -1] for position in keyframes], np.int64).reshape(-1, 5)
    pts = np.arange(frames, dtype=np.int64) * 100
    return FrameIndex(pts, Fraction(1, 3000), held_end_pts=frames * 100, end_pts=frames * 100, keyframes=rows)


def test_long_groups_are_divided_evenly_and_those_nearest_come_first() -> None:
    stops = Stops(index_with_keyframes(900, [0, 250, 500, 750]), 1920 * 1080)
    assert list(islice(stops.around(600), 20)) == [580, 660, 830, 330, 410, 80, 160]
    assert stops.group_of(749) == (500, 750)


def test_small_pictures_and_short_groups_have_none() -> None:
    long, short = index_with_keyframes(900, [0, 250, 500, 750]), index_with_keyframes(900, list(range(0, 900, 60)))
    assert not Stops(long, 640 * 360)
    assert not Stops(short, 1920 * 1080)
    assert not Stops(index_with_keyframes(900, []), 1920 * 1080)
    assert Stops(short, 3840 * 2160)


def test_frames_before_the_first_keyframe_are_in_no_group() -> None:
    stops = Stops(index_with_keyframes(900, [100]), 1920 * 1080)
    assert stops.group_of(99) is None
    assert next(stops.around(99)) == 180
