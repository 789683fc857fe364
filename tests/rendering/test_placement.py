"""Scenes of services that did not turn the picture, drawn where the objects are."""

from __future__ import annotations

import base64
import itertools
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from frametally.analysis.view import View
from frametally.analysis.view_spec import ViewSpec
from frametally.rendering.annotate import draw
from frametally.rendering.placement import placed
from frametally.rendering.scenes import scene_of
from frametally.rendering.video_encoder import make_video
from frametally.rendering.video_export import VideoSpec
from frametally.results import open_results
from frametally.video.decoding import Image, decode, upright
from frametally.video.displayed_frame import DisplayedFrame
from frametally.video.frame_index import build_index
from frametally.video.frame_reader import FrameReader
from frametally.video.orientation import Orientation
from tests.support.geometry_videos import scene_image, write_oriented
from tests.support.shared_data import SHARED_DATA
from tests.support.videos import archived, box

RED = {"square": "#ff0000", "corner": "#ff0000"}
SIDEWAYS = [Orientation(True, *flips) for flips in itertools.product((False, True), repeat=2)]


def shown(path: Path) -> DisplayedFrame:
    frame = FrameReader(path, build_index(path)).displayed(0)
    assert frame is not None
    return frame


def greens(image: Image) -> tuple[float, float]:
    """Center of the green square, as shares of the picture."""
    ys, xs = np.nonzero((image[..., 1] > 180) & (image[..., [0, 2]].max(axis=2) < 100))
    return float(xs.mean() / image.shape[1]), float(ys.mean() / image.shape[0])


def view_of(folder: Path, entry: dict[str, Any]) -> View:
    return View(open_results(archived(folder, [entry])), "model")


@pytest.mark.parametrize(("turn", "mirror"), list(itertools.product([90, 270], [False, True])))
def test_boxes_of_the_stored_picture_are_turned_with_it(tmp_path: Path, turn: int, mirror: bool) -> None:
    path = write_oriented(tmp_path / "video.mp4", scene_image(160, 96), rotation_deg=turn, mirrors_x=mirror)
    frame = shown(path)
    entry = {"image": {"width": 160, "height": 96}, "predictions": [box(12, 12, 24, 24)]}
    scene, is_turned = placed(scene_of(view_of(tmp_path, entry), 0), frame.analyzed_wh, frame.orientation)
    assert is_turned
    assert scene.wh == (96, 160)
    ((left, top, right, bottom),) = scene.xyxy
    assert ((left + right) / 2 / 96, (top + bottom) / 2 / 160) == pytest.approx(greens(frame.image), abs=0.03)


def test_boxes_of_the_upright_picture_stay(tmp_path: Path) -> None:
    path = write_oriented(tmp_path / "video.mp4", scene_image(160, 96), rotation_deg=90)
    frame = shown(path)
    entry = {"image": {"width": 96, "height": 160}, "predictions": [box(12, 148, 24, 24)]}
    scene, is_turned = placed(scene_of(view_of(tmp_path, entry), 0), frame.analyzed_wh, frame.orientation)
    assert not is_turned
    assert scene.xyxy.tolist() == [[0, 136, 24, 160]]


def test_the_annotated_video_shows_turned_boxes(tmp_path: Path) -> None:
    path = write_oriented(tmp_path / "video.mp4", scene_image(160, 96), rotation_deg=270)
    entry = {"image": {"width": 160, "height": 96}, "predictions": [box(100, 30, 40, 20)]}
    spec = VideoSpec(
        video=str(path),
        results=str(archived(tmp_path, [entry])),
        view=ViewSpec(job_ids=("job-1",), model="model", confidence=0.0),
        colors=RED,
    )
    make_video(spec, tmp_path / "made.mp4", lambda _: None)
    image = upright(next(decode(tmp_path / "made.mp4"))).astype(int)
    assert image.shape[:2] == (1120, 672)
    # Turned clockwise, (100, 30) is shown at (96 - 30, 100); the box there is 20 wide and 40 high.
    red = (image[..., 2] - image[..., :2].max(axis=2) > 80)[80 * 7 + 20 : 120 * 7 - 20]
    columns = np.flatnonzero(red.mean(axis=0) > 0.8)
    assert (columns.min() / 7, columns.max() / 7) == pytest.approx((56, 76), abs=1)


@pytest.mark.parametrize("orientation", SIDEWAYS)
def test_masks_polygons_and_keypoints_are_turned(tmp_path: Path, orientation: Orientation) -> None:
    ids = np.zeros((480, 800), np.uint8)
    ids[140:240, 500:700] = 1
    outline = np.array([[500, 140], [700, 140], [700, 240], [500, 240]])
    _, png = cv2.imencode(".png", ids)
    mask = {"segmentation_mask": base64.b64encode(png.tobytes()).decode(), "class_map": {"1": "square"}}
    expected = orientation.applied_to(ids) > 0

    def is_red(entry: dict[str, Any], folder: str) -> np.ndarray[Any, Any]:
        (tmp_path / folder).mkdir()
        scene = placed(scene_of(view_of(tmp_path / folder, entry), 0), (480, 800), orientation).scene
        image = draw(np.full((800, 480, 3), 90, np.uint8), scene, RED).astype(int)
        return np.asarray(image[..., 2] - image[..., 0] > 40)

    size = {"image": {"width": 800, "height": 480}}
    assert is_red({**size, "predictions": mask}, "mask")[expected].mean() > 0.9
    points = [{"x": float(x), "y": float(y)} for x, y in outline]
    filled = is_red({**size, "predictions": [{**box(600, 190, 200, 100), "points": points}]}, "polygon")
    assert filled[expected].mean() > 0.8
    keypoint = {"x": 600, "y": 190, "confidence": 0.9, "class_id": 0, "class": "middle"}
    dots = is_red({**size, "predictions": [{**box(100, 400, 80, 80), "keypoints": [keypoint]}]}, "keypoints")
    assert dots[expected].any()


@pytest.mark.parametrize("orientation", SIDEWAYS)
def test_gaze_points_at_the_same_thing(tmp_path: Path, orientation: Orientation) -> None:
    face = {**box(40, 24, 10, 10), "landmarks": []}
    entry = {"image": {"width": 80, "height": 48}, "predictions": [{"face": face, "yaw": 0.4, "pitch": -0.3}]}
    scene = placed(scene_of(view_of(tmp_path, entry), 0), (48, 80), orientation).scene
    assert scene.gaze is not None
    ((yaw, pitch),) = scene.gaze
    arrow = np.array([[-np.sin(0.4) * np.cos(-0.3), -np.sin(-0.3)]])
    expected = orientation.applied_to_points(arrow, 0, 0)[0]
    assert [-np.sin(yaw) * np.cos(pitch), -np.sin(pitch)] == pytest.approx(expected.tolist(), abs=1e-6)


def test_the_reported_service_is_recognized(tmp_path: Path) -> None:
    case = SHARED_DATA / "reported" / "service_ignored_rotation"
    if not case.is_dir():
        pytest.skip(f"the real data is missing: {case}")
    frame = shown(case / "rot90.mp4")
    corner = {"image": {"width": 160, "height": 96}, "predictions": [{**box(8, 8, 16, 16), "class": "corner"}]}
    scene, is_turned = placed(scene_of(view_of(tmp_path, corner), 0), frame.analyzed_wh, frame.orientation)
    assert is_turned
    ((left, top, right, bottom),) = scene.xyxy
    place = (left + right) / 2 / frame.analyzed_wh[0], (top + bottom) / 2 / frame.analyzed_wh[1]
    assert place == pytest.approx(greens(frame.image), abs=0.08)
