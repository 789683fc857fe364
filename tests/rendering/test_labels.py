"""Labels of boxes cover neither each other nor other boxes, and stay in the picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frametally.rendering.annotate import draw
from frametally.rendering.labels import MAX_COVERED_OWN_SHARE, MAX_COVERED_SHARE, place_labels
from frametally.rendering.scene import Scene

WIDTH_PX, HEIGHT_PX = 400, 300
LABEL = (40, 14)
WH = tuple[int, int]
Rectangle = tuple[float, float, float, float]
CORNERS = st.lists(
    st.tuples(st.integers(-20, 390), st.integers(-20, 290), st.integers(0, 120), st.integers(0, 120)),
    min_size=1,
    max_size=40,
)


def places(boxes: Sequence[Rectangle], forms: Sequence[Sequence[WH]]) -> dict[int, Rectangle]:
    """Left, top, right, bottom of each label that has a place, by the number of its box."""
    placed = place_labels(np.array(boxes, np.float32), np.array(forms), (WIDTH_PX, HEIGHT_PX))
    found: dict[int, Rectangle] = {}
    for box, form, left, top in placed:
        width, height = forms[box][form]
        found[box] = (left, top, min(left + width, WIDTH_PX), min(top + height, HEIGHT_PX))
    return found


def shared(one: Rectangle, other: Rectangle) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0) * max(height, 0)


def covered_share(place: Rectangle, box: Rectangle) -> float:
    return shared(place, box) / max((box[2] - box[0]) * (box[3] - box[1]), 1)


def places_one_by_one(boxes: Sequence[Rectangle], forms: Sequence[Sequence[WH]]) -> dict[int, Rectangle]:
    """The rule of `place_labels`, for one box and one place at a time."""
    found: dict[int, Rectangle] = {}
    for number, box in enumerate(boxes):
        suitable = [
            place
            for form in (forms[number] if number else forms[0][:1])
            for place in candidates(box, *form)
            if covered_share(place, box) <= MAX_COVERED_OWN_SHARE
            and all(covered_share(place, other) <= MAX_COVERED_SHARE for at, other in enumerate(boxes) if at != number)
        ]
        free = [place for place in suitable if not any(shared(place, taken) for taken in found.values())]
        if number == 0 and not free:
            free = candidates(box, *forms[0][0])
        if free:
            found[number] = free[0]
    return found


def candidates(box: Rectangle, width: int, height: int) -> list[Rectangle]:
    """The places that are tried, those that hide their own box last."""
    inside = [
        (min(max(round(x), 0), max(WIDTH_PX - width, 0)), min(max(round(y), 0), max(HEIGHT_PX - height, 0)))
        for x, y in corners(box, width, height)
    ]
    found = [(x, y, min(x + width, WIDTH_PX), min(y + height, HEIGHT_PX)) for x, y in inside]
    return sorted(found, key=lambda place: covered_share(place, box) > MAX_COVERED_SHARE)


def corners(box: Rectangle, width: int, height: int) -> Iterator[tuple[float, float]]:
    left, top, right, bottom = box
    yield from ((left, top - height), (right - width, top - height), (left, bottom), (right - width, bottom))
    yield from ((right, top), (left - width, top), (right, bottom - height), (left - width, bottom - height))
    yield from ((left, top), (left, bottom - height))
    yield from ((left, top - 2 * height), (left, bottom + height), (right + height, top), (left - width - height, top))


def boxes_of(corners: Sequence[tuple[int, int, int, int]]) -> list[Rectangle]:
    return [(x, y, x + width, y + height) for x, y, width, height in corners]


@settings(max_examples=60, deadline=None)
@given(corners=CORNERS, sizes=st.lists(st.tuples(st.integers(1, 90), st.integers(1, 30)), min_size=1, max_size=3))
def test_places_are_those_of_the_rule(corners: list[tuple[int, int, int, int]], sizes: list[WH]) -> None:
    boxes = boxes_of(corners)
    forms = [[(width + number, height) for width, height in sizes] for number in range(len(boxes))]
    assert places(boxes, forms) == places_one_by_one(boxes, forms)


@settings(max_examples=60, deadline=None)
@given(corners=CORNERS)
def test_labels_cover_nothing_else(corners: list[tuple[int, int, int, int]]) -> None:
    boxes = boxes_of(corners)
    found = places(boxes, [[(40, 14), (16, 14)] for _ in boxes])
    assert 0 in found
    for number, place in found.items():
        assert 0 <= place[0] < place[2] <= WIDTH_PX
        assert 0 <= place[1] < place[3] <= HEIGHT_PX
        assert not any(shared(place, taken) for other, taken in found.items() if other != number)
        others = [box for other, box in enumerate(boxes) if other != number and number]
        assert all(covered_share(place, other) <= MAX_COVERED_SHARE for other in others)


def test_a_label_is_above_its_box_where_there_is_room() -> None:
    assert places([(100, 100, 150, 150)], [[LABEL]]) == {0: (100, 86, 140, 100)}
    assert places([(100, 2, 150, 50)], [[LABEL]]) == {0: (100, 50, 140, 64)}
    assert places([(-5, -5, 405, 305)], [[LABEL]])[0][:2] == (0, 0)


def test_crowded_boxes_get_a_shorter_label() -> None:
    grid = [(x, y, x + 30, y + 30) for y in (100, 136, 172) for x in (100, 136, 172)]
    found = places(grid, [[(60, 14), (28, 5)]] * 9)
    assert found[0][2] - found[0][0] == 60
    assert found[4][2] - found[4][0] == 28
    assert 4 not in places(grid, [[(60, 14)]] * 9)


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
