"""Speeds on the ground through the camera of the sample."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from demo.camera import HEIGHT_PX, WIDTH_PX
from demo.settings import sample_setting
from frametally.errors import RegionsError
from frametally.regions.shapes import Scale
from frametally.regions.speeds import PER_S, speeds
from frametally.tracking.tracks import Tracks
from tests.support.track_rows import tracks_of, walking

SIZE_PX = (WIDTH_PX, HEIGHT_PX)
BELT_M = 0.8
"""Height of the belts: the plane on which things move."""
RECTANGLE_M = np.array([(-0.9, -0.4, BELT_M), (0.9, -0.4, BELT_M), (0.9, 0.4, BELT_M), (-0.9, 0.4, BELT_M)])


def projected(points_m: np.ndarray) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in sample_setting().camera.project(points_m)]


def scale_of(points_m: np.ndarray, sides_m: tuple[float, ...], diagonal_m: float | None = None) -> Scale:
    points = tuple((x / WIDTH_PX, y / HEIGHT_PX) for x, y in projected(points_m))
    return Scale(points=points, sides_m=sides_m, diagonal_m=diagonal_m)


SCALE = scale_of(RECTANGLE_M, (1.8, 0.8, 1.8, 0.8))


def moving(path_m: np.ndarray, times_s: np.ndarray) -> Tracks:
    return tracks_of({1: walking(projected(path_m))}, times_s, size_px=SIZE_PX)


@pytest.mark.parametrize("way", [(0.46, 0.0), (0.0, 0.2), (-0.36, 0.1)])
def test_a_constant_speed_is_exact_everywhere_in_the_picture(way: tuple[float, float]) -> None:
    times_s = np.sort(np.random.default_rng(2).uniform(0, 2, 40))
    path_m = np.column_stack([-way[0] + way[0] * times_s, way[1] * (times_s - 1), np.full(40, BELT_M)])
    found = speeds(moving(path_m, times_s), SCALE)
    assert found.of_row == pytest.approx(np.hypot(*way), rel=1e-3)  # corners of boxes are stored in single precision
    assert found.of_track == pytest.approx([np.hypot(*way)], rel=1e-3)
    assert PER_S["km/h"] * 10 == 36


def test_a_shape_that_is_no_rectangle_needs_its_diagonal() -> None:
    shape = np.array([(-0.9, -0.4, BELT_M), (0.8, -0.3, BELT_M), (0.9, 0.4, BELT_M), (-0.7, 0.3, BELT_M)])
    sides = tuple(float(np.linalg.norm(shape[(at + 1) % 4] - shape[at])) for at in range(4))
    scale = scale_of(shape, sides, float(np.linalg.norm(shape[2] - shape[0])))
    times_s = np.arange(0, 2, 0.1)
    path_m = np.column_stack([times_s * 0.5 - 0.5, np.zeros(20), np.full(20, BELT_M)])
    assert speeds(moving(path_m, times_s), scale).of_row == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize("looks_per_s", [1.9, 1, 0.5])
def test_where_frames_are_farther_apart_the_looks_beside_count(looks_per_s: float) -> None:
    times_s = np.arange(6) / looks_per_s
    path_m = np.column_stack([times_s * 0.1 - 0.5, np.zeros(6), np.full(6, BELT_M)])
    assert speeds(moving(path_m, times_s), SCALE).of_row == pytest.approx(0.1, rel=1e-3)


def test_a_track_that_was_seen_once_has_no_speed() -> None:
    found = speeds(moving(np.array([(0.0, 0.0, BELT_M)]), np.array([0.0])), SCALE)
    assert np.isnan(found.of_row).all()
    assert np.isnan(found.of_track).all()


def test_nothing_moves_above_the_horizon() -> None:
    sky = tracks_of({1: walking([(640, -9000), (700, -9000), (760, -9000)])}, [0, 0.2, 0.4], size_px=SIZE_PX)
    assert np.isnan(speeds(sky, SCALE).of_row).all()


IMPOSSIBLE = {
    "contradict each other": msgspec.structs.replace(SCALE, sides_m=(1.0, 1.0, 1.0, 1.0), diagonal_m=9.0),
    "do not enclose": msgspec.structs.replace(SCALE, sides_m=(1.0, 3.0, 3.0, 1.0), diagonal_m=2.1),
    "corners of an area": msgspec.structs.replace(SCALE, points=((0, 0), (1, 1), (1, 0), (0, 1))),
    "in order": msgspec.structs.replace(SCALE, points=((0, 0), (0.5, 0.5), (1, 1), (0, 1))),
}


@pytest.mark.parametrize("reason", IMPOSSIBLE)
def test_distances_that_cannot_be_are_refused(reason: str) -> None:
    tracks = moving(np.array([(0.0, 0.0, BELT_M)]), np.array([0.0]))
    with pytest.raises(RegionsError, match=reason):
        speeds(tracks, IMPOSSIBLE[reason])
