"""The eight orientations: pixels, points and their names."""

from __future__ import annotations

import itertools
from pathlib import Path

import av
import numpy as np
import pytest

from frametally.video.decoding import decode
from frametally.video.orientation import UPRIGHT, Orientation, of_matrix, orientation_of
from tests.support.geometry_videos import scene_image, write_oriented

EIGHT = [Orientation(*flags) for flags in itertools.product((False, True), repeat=3)]
PIXELS = np.arange(12).reshape(3, 4)


@pytest.mark.parametrize("orientation", EIGHT)
def test_an_orientation_is_a_mirroring_and_a_turn(orientation: Orientation) -> None:
    mirrored = PIXELS[:, ::-1] if orientation.is_mirrored else PIXELS
    expected = np.rot90(mirrored, orientation.rotation_deg // 90)
    assert (orientation.applied_to(PIXELS) == expected).all()
    assert orientation.size(4, 3) == (expected.shape[1], expected.shape[0])


@pytest.mark.parametrize("orientation", EIGHT)
def test_points_move_with_the_pixels(orientation: Orientation) -> None:
    upright = orientation.applied_to(PIXELS)
    for y, x in itertools.product(range(3), range(4)):
        center = np.array([[x + 0.5, y + 0.5]])
        ((new_x, new_y),) = orientation.applied_to_points(center, 4, 3)
        assert upright[int(new_y), int(new_x)] == PIXELS[y, x]


@pytest.mark.parametrize(("turn", "mirror"), list(itertools.product([0, 90, 180, 270], [False, True])))
def test_the_display_matrix_is_read_from_the_file(tmp_path: Path, turn: int, mirror: bool) -> None:
    path = write_oriented(tmp_path / "video.mp4", scene_image(48, 32), rotation_deg=turn, mirrors_x=mirror)
    found = orientation_of(next(decode(path)))
    expected = np.rot90(PIXELS, turn // 90)
    assert (found.applied_to(PIXELS) == (expected[:, ::-1] if mirror else expected)).all()


def test_other_angles_are_rounded_to_quarter_turns() -> None:
    for degrees, expected in (
        (10, UPRIGHT),
        (80, Orientation(True, True, False)),
        (175, Orientation(False, True, True)),
    ):
        cosine, sine = (round(f(np.radians(degrees)) * 65536) for f in (np.cos, np.sin))
        assert of_matrix([cosine, sine, 0, -sine, cosine, 0, 0, 0, 1 << 30]) == expected


def test_a_scaled_or_empty_matrix_does_not_turn() -> None:
    assert of_matrix([3 << 16, 0, 0, 0, 1 << 15, 0, 0, 0, 1 << 30]) == UPRIGHT
    assert of_matrix([0] * 9) == UPRIGHT


def test_a_frame_without_a_matrix_is_upright() -> None:
    assert orientation_of(av.VideoFrame(8, 8, "yuv420p")) == UPRIGHT
