"""Packed shapes: those that the exact picture draws, in the order of the packed boxes, with few points."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.view import View
from frametally.rendering.annotate import gaze_arrows
from frametally.rendering.placement import placed
from frametally.rendering.playback.packed_boxes import NOWHERE, UNIT, packed_boxes
from frametally.rendering.playback.packed_shapes import MAX_POINTS, packed_shapes
from frametally.rendering.scenes import scene_of
from frametally.results import open_results
from frametally.video.orientation import UPRIGHT, Orientation
from tests.support.archives import archive_cached
from tests.support.packed import unpacked
from tests.support.results_files import box, entry

WH = (320, 240)


def view_of(folder: Path, *entries: Any) -> View:
    times = [round(at / 5, 4) for at in range(len(entries))]
    content = {"frame_offset": list(range(len(entries))), "time_offset": times, "model": list(entries)}
    (folder / "results.json").write_text(json.dumps(content))
    archive_cached(folder / "results.json", folder / "archive")
    return View(open_results(folder / "archive"), "model", 0.0, ClassMapping())


def shapes_of(view: View, orientation: Orientation = UPRIGHT, wh: tuple[int, int] = WH) -> tuple[Any, list[Any]]:
    """What was packed, and the points of each box in pixels; NaN for those that are nowhere."""
    found = unpacked(packed_shapes(view, 0, wh, wh, orientation))
    xy = found["xy"].reshape(-1, 2).astype(float)
    xy[xy == NOWHERE] = np.nan
    return found, np.split(xy / UNIT * wh, found["ends"])[:-1]


def ring(points: int, radius: float = 40.0) -> list[dict[str, float]]:
    angles = [2 * math.pi * at / points for at in range(points)]
    return [{"x": 100 + radius * math.cos(angle), "y": 100 + radius * math.sin(angle)} for angle in angles]


def test_outlines_are_close_to_the_original_with_few_points(tmp_path: Path) -> None:
    square = [{"x": x, "y": y} for x, y in ((10, 10), (50, 10), (50, 60), (10, 60))]
    view = view_of(tmp_path, entry(box("cup", 0.9, points=square)), None, entry(box("cup", 0.8, points=ring(900))))
    found, (first, second) = shapes_of(view)
    assert found["kind"] == "outlines"
    assert np.allclose(sorted(first.tolist()), [[10, 10], [10, 60], [50, 10], [50, 60]], atol=0.02)
    assert 8 <= len(second) <= MAX_POINTS
    assert np.allclose(np.hypot(*(second - 100).T), 40, atol=0.1)
    assert np.flatnonzero(found["breaks"]).tolist() == [3, 3 + len(second)]
    assert len(found["ends"]) == len(unpacked(packed_boxes(view, 0, WH, UPRIGHT))["code"])


def test_an_endless_outline_is_bounded(tmp_path: Path) -> None:
    jagged = [{"x": float(at % 300), "y": 40.0 + 150 * (at % 2)} for at in range(3000)]
    _, (points,) = shapes_of(view_of(tmp_path, entry(box("cup", 0.9, points=jagged))))
    assert len(points) <= MAX_POINTS


def keypoints(count: int) -> list[dict[str, Any]]:
    return [
        {"x": 10.0 + at, "y": 20.0 + at, "confidence": 0.1 if at == 3 else 0.9, "class": str(at), "class_id": at}
        for at in range(count)
    ]


@pytest.mark.parametrize(("count", "has_edges"), [(17, True), (5, False)])
def test_unreliable_keypoints_are_nowhere(tmp_path: Path, count: int, has_edges: bool) -> None:
    found, (points,) = shapes_of(view_of(tmp_path, entry(box("person", 0.9, keypoints=keypoints(count)))))
    assert found["kind"] == "keypoints"
    assert np.flatnonzero(np.isnan(points[:, 0])).tolist() == [3]
    assert np.allclose(points[[0, 4]], [[10, 20], [14, 24]], atol=0.02)
    assert bool(found["edges"]) is has_edges
    assert all(1 <= end <= count for edge in found["edges"] for end in edge)


def test_shapes_of_a_picture_that_was_not_rotated_are_rotated(tmp_path: Path) -> None:
    orientation, upright_wh = Orientation(True, True, False), (240, 320)
    square = [{"x": x, "y": y} for x, y in ((10, 10), (50, 10), (50, 60), (10, 60))]
    view = view_of(tmp_path, entry(box("cup", 0.9, points=square)))
    _, (points,) = shapes_of(view, orientation, upright_wh)
    (expected,) = placed(scene_of(view, 0), upright_wh, orientation).scene.polygons
    assert np.allclose(sorted(points.tolist()), sorted(expected.tolist()), atol=0.02)


def test_gaze_is_the_arrow_of_the_exact_picture(tmp_path: Path) -> None:
    face = {"face": box("face", 0.9), "yaw": 0.4, "pitch": -0.2}
    view = view_of(tmp_path, {"time": 0.1, "image": {"width": 320, "height": 240}, "predictions": [face]})
    found, (points,) = shapes_of(view)
    scene = scene_of(view, 0)
    assert scene.gaze is not None
    start, end = gaze_arrows(scene.xyxy, scene.gaze)
    assert found["kind"] == "gaze"
    assert np.allclose(points, [start[0], end[0]], atol=0.02)
