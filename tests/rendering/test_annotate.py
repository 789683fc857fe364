"""Annotated pictures, checked by their pixels."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.view import View
from frametally.rendering.annotate import draw
from frametally.rendering.image_files import to_jpeg, to_png
from frametally.rendering.scene import Scene
from frametally.rendering.scenes import scene_of, scenes
from frametally.results import open_results
from frametally.video.decoding import Image
from tests.support.videos import archived, box

RED = {"square": "#ff0000"}
GRAY = np.full((120, 160, 3), 100, dtype=np.uint8)


def drawn(tmp_path: Path, entry: dict[str, Any], colors: dict[str, str] = RED, image: Image = GRAY) -> Image:
    size = {"image": {"width": 160, "height": 120}} if "image" not in entry else {}
    view = View(open_results(archived(tmp_path, [{**size, **entry}])), "model")
    return draw(image, scene_of(view, 0), colors)


def is_red(image: Image) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.asarray((image[..., 2] > 200) & (image[..., :2].max(axis=2) < 60))


def is_reddish(image: Image) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.asarray(image[..., 2].astype(int) - image[..., 0] > 40)


def test_boxes_are_drawn_on_a_copy(tmp_path: Path) -> None:
    image = drawn(tmp_path, {"predictions": [box(80, 80, 60, 40)]})
    assert is_red(image)[80, 48:54].any()
    assert not is_red(image)[70:90, 60:100].any()
    assert (GRAY == 100).all()


def test_coordinates_are_scaled_to_the_picture(tmp_path: Path) -> None:
    image = drawn(tmp_path, {"image": {"width": 320, "height": 240}, "predictions": [box(160, 160, 120, 80)]})
    assert is_red(image)[80, 48:54].any()


def test_labels_at_the_edge_stay_inside_the_picture(tmp_path: Path) -> None:
    for x, y in ((5.0, 5.0), (155.0, 5.0)):
        image = drawn(tmp_path, {"predictions": [box(x, y, 10, 10)]})
        labeled = is_red(image)[:20]
        assert labeled.sum() > 300
        assert (image[:20].min(axis=2) > 150).any() or (image[:20].max(axis=2) < 60).any()  # the letters


def test_small_pictures_are_enlarged_by_an_integer_factor() -> None:
    assert draw(GRAY, Scene.empty(), {}, min_width_px=400).shape == (360, 480, 3)
    assert draw(GRAY, Scene.empty(), {}, min_width_px=160).shape == GRAY.shape


@pytest.mark.parametrize("shape", [(1200, 16, 3), (1, 1, 3), (5000, 2, 3), (9, 8000, 3)])
def test_pictures_of_extreme_shapes_are_enlarged_within_limits(shape: tuple[int, int, int]) -> None:
    image = draw(np.full(shape, 100, np.uint8), Scene.empty(), {}, min_width_px=960)
    assert max(image.shape) <= max(4096, *shape)
    assert to_jpeg(image)[:3] == b"\xff\xd8\xff"


def test_polygons_are_filled_translucently(tmp_path: Path) -> None:
    corners = [{"x": 60, "y": 60}, {"x": 100, "y": 60}, {"x": 100, "y": 100}, {"x": 60, "y": 100}]
    image = drawn(tmp_path, {"predictions": [{**box(80, 80, 40, 40), "points": corners}]})
    assert is_reddish(image)[65:95, 65:95].all()
    assert not is_red(image)[65:95, 65:95].any()
    assert not is_reddish(image)[110:, :].any()


def test_polygons_outside_the_picture_are_no_error(tmp_path: Path) -> None:
    away = [{"x": -90, "y": -60}, {"x": -70, "y": -60}, {"x": -70, "y": -40}]
    across = [{"x": 140, "y": 60}, {"x": 300, "y": 60}, {"x": 300, "y": 300}]
    for points in (away, across, [{"x": 1, "y": 1}], []):
        drawn(tmp_path, {"predictions": [{**box(80, 80, 40, 40), "points": points}]})


EXTREME_NUMBERS = [float("nan"), float("inf"), -float("inf"), 1e11, -1e11, 1e38, 1e300]


@pytest.mark.parametrize("odd", EXTREME_NUMBERS)
@pytest.mark.parametrize("side", ["x", "y", "width", "height"])
def test_invalid_boxes_do_not_hide_others(tmp_path: Path, side: str, odd: float) -> None:
    entry = {"predictions": [{**box(80, 80, 60, 40), side: odd}, box(40, 80, 30, 30)]}
    image = drawn(tmp_path, entry)
    assert is_red(image)[80, 23:28].any()
    view = View(open_results(tmp_path / "results"), "model")
    assert len(scene_of(view, 0).xyxy) == 2
    assert draw(GRAY, scene_of(view, 0), RED, min_width_px=960).shape == (720, 960, 3)


@pytest.mark.parametrize("odd", EXTREME_NUMBERS)
def test_invalid_polygons_do_not_hide_others(tmp_path: Path, odd: float) -> None:
    right = [{"x": 60, "y": 60}, {"x": 100, "y": 60}, {"x": 100, "y": 100}, {"x": 60, "y": 100}]
    outlines = [{**box(80, 80, 40, 40), "points": points} for points in ([*right[:3], {"x": 60, "y": odd}], right)]
    assert is_reddish(drawn(tmp_path, {"predictions": outlines}))[65:95, 65:95].all()


@pytest.mark.parametrize("odd", EXTREME_NUMBERS)
def test_invalid_keypoints_do_not_hide_others(tmp_path: Path, odd: float) -> None:
    points = [
        {"x": 30 if at else odd, "y": 90, "confidence": 0.9, "class_id": at, "class": f"{at}"} for at in range(17)
    ]
    image = drawn(tmp_path, {"predictions": [{**box(80, 60, 20, 20), "keypoints": points}]})
    assert is_reddish(image)[87:94, 27:34].any()


@pytest.mark.parametrize("odd", EXTREME_NUMBERS)
def test_invalid_gazes_do_not_hide_others(tmp_path: Path, odd: float) -> None:
    face = {**box(80, 60, 40, 40), "landmarks": []}
    looks = [
        {"face": face, "yaw": odd, "pitch": 0.0},
        {"face": {**face, "x": odd}, "yaw": 1.2, "pitch": 0.0},
        {"face": {**face, "width": odd}, "yaw": 1.2, "pitch": 0.0},
        {"face": face, "yaw": 1.2, "pitch": 0.0},
    ]
    assert is_red(drawn(tmp_path, {"predictions": looks}))[55:66, 30:55].any()


def test_boxes_outside_the_picture_have_no_label(tmp_path: Path) -> None:
    assert (drawn(tmp_path, {"predictions": [box(1e11, 60, 20, 20)]}) == GRAY).all()


@pytest.mark.parametrize("side", [0, -3, 1e39, float("nan")])
def test_impossible_picture_sizes_are_ignored(tmp_path: Path, side: float) -> None:
    entry = {"image": {"width": side, "height": side}, "predictions": [box(80, 80, 60, 40)]}
    assert is_red(drawn(tmp_path, entry))[80, 48:54].any()


def test_picture_sizes_near_zero_are_no_error(tmp_path: Path) -> None:
    entry = {"image": {"width": 1e-44, "height": 1e-44}, "predictions": [box(80, 80, 60, 40)]}
    assert (drawn(tmp_path, entry) == GRAY).all()


def test_keypoints_with_low_confidence_are_not_drawn(tmp_path: Path) -> None:
    points = [
        {"x": 30, "y": 90, "confidence": 0.9, "class_id": 0, "class": "head"},
        {"x": 130, "y": 90, "confidence": 0.1, "class_id": 1, "class": "foot"},
    ]
    image = drawn(tmp_path, {"predictions": [{**box(80, 60, 20, 20), "keypoints": points}]})
    assert is_reddish(image)[87:94, 27:34].any()
    assert not is_reddish(image)[80:100, 120:140].any()


def test_gaze_arrows_point_in_the_direction_of_the_gaze(tmp_path: Path) -> None:
    face = {**box(80, 60, 40, 40), "landmarks": []}
    image = drawn(tmp_path, {"predictions": [{"face": face, "yaw": 1.2, "pitch": 0.0}]})
    assert is_red(image)[55:66, 30:55].any()
    assert not is_red(image)[55:66, 105:].any()


def lower_half_is_3(class_map: dict[str, str]) -> dict[str, Any]:
    """An entry whose mask has id 0 in the upper half and 3 in the lower half."""
    ids = np.zeros((12, 16), dtype=np.uint8)
    ids[6:] = 3
    _, png = cv2.imencode(".png", ids)
    mask = base64.b64encode(png.tobytes()).decode()
    return {"predictions": {"segmentation_mask": mask, "class_map": class_map}}


def test_masks_are_tinted_with_a_legend(tmp_path: Path) -> None:
    image = drawn(tmp_path, lower_half_is_3({"0": "background", "3": "square"}))
    assert is_reddish(image)[62:].all()
    assert not is_reddish(image)[40:58].any()
    assert is_red(image)[:30, :60].any()  # the legend


def test_mask_ids_without_a_name_are_drawn_as_in_the_charts(tmp_path: Path) -> None:
    image = drawn(tmp_path, lower_half_is_3({"0": "background", "03": "square"}), {"3": "#ff0000"})
    assert open_results(tmp_path / "results").models["model"].classes == ("3", "background", "square")
    assert is_reddish(image)[62:].all()
    assert not is_reddish(image)[40:58].any()
    assert is_red(image)[:30, :40].any()  # the legend


def test_classifications_are_written_into_the_corner(tmp_path: Path) -> None:
    probabilities = [{"class": "square", "class_id": 0, "confidence": 0.8}]
    image = drawn(tmp_path, {"top": "square", "confidence": 0.8, "predictions": probabilities})
    assert is_red(image)[:30, :60].sum() > 200
    assert not is_reddish(image)[60:].any()


def test_scenes_have_the_threshold_and_names_of_the_view(tmp_path: Path) -> None:
    results = open_results(archived(tmp_path, [{"predictions": [box(80, 80, 60, 40, 0.4)]}, None]))
    assert len(scene_of(View(results, "model", 0.5), 0).xyxy) == 0
    renamed = View(results, "model", 0.4, ClassMapping((("square", "box"),)))
    assert scene_of(renamed, 0).class_names == ["box"]
    assert [(entry, len(scene.xyxy)) for entry, scene in scenes(renamed)] == [(0, 1), (1, 0)]


def test_image_files_have_their_format() -> None:
    assert to_jpeg(GRAY)[:3] == b"\xff\xd8\xff"
    assert to_png(GRAY)[:4] == b"\x89PNG"
