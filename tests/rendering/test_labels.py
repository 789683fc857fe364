"""Labels of boxes cover neither each other nor other boxes, and stay in the picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frametally.rendering.annotate import draw
from frametally.rendering.labels import MAX_COVERED_SHARE, draw_labels
from frametally.rendering.scene import Scene
from frametally.video.decoding import Image

CANVAS_PX = (300, 400)


def label(number: int, width_px: int = 40, height_px: int = 14) -> Image:
    """A label that can be found by its color."""
    return np.full((height_px, width_px, 3), (number + 1, 255, 0), np.uint8)


def places(boxes: Sequence[tuple[float, ...]], labels: list[list[Image]]) -> dict[int, tuple[int, int, int, int]]:
    """(left, top, right, bottom) of each label that was drawn, by the number of its box; it is a whole rectangle."""
    canvas = np.zeros((*CANVAS_PX, 3), np.uint8)
    draw_labels(canvas, np.array(boxes, np.float32), labels)
    found = {}
    for number in range(len(boxes)):
        ys, xs = np.nonzero((canvas[..., 0] == number + 1) & (canvas[..., 1] == 255))
        if len(ys):
            place = int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1
            assert len(ys) == (place[2] - place[0]) * (place[3] - place[1])
            found[number] = place
    return found


def shared(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0) * max(height, 0)


@settings(max_examples=60, deadline=None)
@given(
    corners=st.lists(
        st.tuples(st.integers(-20, 390), st.integers(-20, 290), st.integers(1, 120), st.integers(1, 120)),
        min_size=1,
        max_size=40,
    )
)
def test_labels_cover_nothing_else(corners: list[tuple[int, int, int, int]]) -> None:
    boxes = [(x, y, x + width, y + height) for x, y, width, height in corners]
    found = places(boxes, [[label(number), label(number, 16)] for number in range(len(boxes))])
    assert 0 in found
    for number, place in found.items():
        assert 0 <= place[0] < place[2] <= CANVAS_PX[1]
        assert 0 <= place[1] < place[3] <= CANVAS_PX[0]
        others = [box for other, box in enumerate(boxes) if other != number and number]
        for other in others:
            area = (other[2] - other[0]) * (other[3] - other[1])
            assert shared(place, other) <= MAX_COVERED_SHARE * area


def test_a_label_is_above_its_box_where_there_is_room() -> None:
    assert places([(100, 100, 150, 150)], [[label(0)]]) == {0: (100, 86, 140, 100)}
    assert places([(100, 2, 150, 50)], [[label(0)]]) == {0: (100, 50, 140, 64)}
    assert places([(-5, -5, 405, 305)], [[label(0)]])[0][:2] == (0, 0)


def test_crowded_boxes_get_a_shorter_label() -> None:
    grid = [(x, y, x + 30, y + 30) for y in (100, 136, 172) for x in (100, 136, 172)]
    found = places(grid, [[label(number, 60), label(number, 28, 5)] for number in range(9)])
    assert found[0][2] - found[0][0] == 60
    assert found[4][2] - found[4][0] == 28
    assert 4 not in places(grid, [[label(number, 60)] for number in range(9)])


@pytest.mark.parametrize("name", ["car", "گربه سیاه", "🚗", "a" * 300])
def test_labels_of_small_boxes_leave_their_neighbors_visible(name: str) -> None:
    corners = np.array([(x, y, x + 22, y + 18) for x in range(20, 600, 48) for y in range(30, 440, 40)], np.float32)
    scene = Scene(xyxy=corners, class_names=[name] * len(corners), confidence=np.linspace(0.2, 0.9, len(corners)))
    image = draw(np.full((480, 640, 3), 90, np.uint8), scene, {name: "#ff0000"})
    inside = [image[y + 5 : y + 14, x + 5 : x + 17] for x, y in corners[:, :2].astype(int)]
    untouched = np.array([(part == 90).mean() for part in inside])
    assert untouched.min() > 0.7
    assert ((image == (0, 0, 255)).all(axis=2).mean()) > 0.05


def test_the_most_confident_box_keeps_its_label_in_a_crowd() -> None:
    corners = np.tile(np.array([[100, 100, 160, 150]], np.float32), (30, 1))
    scene = Scene(xyxy=corners, class_names=["car"] * 30, confidence=np.linspace(0.1, 0.9, 30))
    image = draw(np.full((480, 640, 3), 90, np.uint8), scene, {"car": "#ff0000"})
    assert (image[85:100, 100:140] == (0, 0, 255)).all(axis=2).mean() > 0.4
