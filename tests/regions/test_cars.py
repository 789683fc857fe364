"""The four cars of a real video at the line of its ground truth."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from frametally.regions.crossings import crossings
from frametally.regions.shapes import ANCHORS, Anchor, Line
from tests.support.car_boxes import DRAWN, drawn_tracks

MIDDLE = Line(id="l1", name="y 216", start=(0, 0.5), end=(1, 0.5))
"""y = 216 of 432; in is down."""
UP, DOWN = {"white hatchback", "red"}, {"teal/silver", "white sports car"}


@pytest.mark.parametrize("rate", [12.5, 5.0, 2.5])
@pytest.mark.parametrize("anchor", ANCHORS)
def test_two_cars_go_up_and_two_down(rate: float, anchor: Anchor) -> None:
    found = crossings(drawn_tracks(rate), msgspec.structs.replace(MIDDLE, anchor=anchor))
    assert found.counts(1).tolist() == [[2, 2]]
    names = list(DRAWN)
    ways = {names[number - 1]: is_in for number, is_in in zip(found.track_id, found.is_in, strict=True)}
    assert ({name for name in ways if ways[name]}, {name for name in ways if not ways[name]}) == (DOWN, UP)


def test_each_car_crosses_while_it_is_visible(shared_data: Path) -> None:
    truth = json.loads((shared_data / "gt/car-detection.counts.json").read_text())
    assert truth["line_y_216"] == {"up": len(UP), "down": len(DOWN)}
    found = crossings(drawn_tracks(5.0), msgspec.structs.replace(MIDDLE, anchor="center"))
    for number, time_s, is_in in zip(found.track_id, found.time_s, found.is_in, strict=True):
        car = truth["cars"][number - 1]
        first_s, last_s = car["visible_s"]
        assert first_s - truth["tolerance_s"] <= time_s <= last_s + truth["tolerance_s"]
        assert is_in == (car["direction"] == "down")
