"""One colour a class."""

from __future__ import annotations

import re

from video_inference.colors import PALETTE, class_colors


def test_a_class_has_its_colour_whatever_the_order() -> None:
    assert class_colors(["car", "person"]) == class_colors(["person", "car", "car"])


def test_up_to_ten_classes_are_told_apart() -> None:
    names = [f"class {number}" for number in range(len(PALETTE))]
    colors = class_colors(names)
    assert set(colors) == set(names)
    assert set(colors.values()) == set(PALETTE)


def test_more_classes_than_colours_share_them() -> None:
    assert len(class_colors(str(number) for number in range(80))) == 80
    assert class_colors([]) == {}


def test_a_colour_is_the_same_in_every_process() -> None:
    # Python's own hash() would differ from run to run.
    assert class_colors(["bottle", "car"]) == {"bottle": "#56b4e9", "car": "#a3b325"}
    assert all(re.fullmatch(r"#[0-9a-f]{6}", color) for color in PALETTE)
