"""A line that counts nothing says why, and a set says what does not fit the picture."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from frametally.regions.background import small_background
from frametally.regions.fit import misfits
from frametally.regions.messages import (
    line_definition,
    rule_definition,
    rule_note,
    rule_sentence,
    speed_definition,
    zone_definition,
)
from frametally.regions.reasons import why_nothing
from frametally.regions.rules import RuleInterval
from frametally.regions.shapes import Line, RegionSet, Rule, Scale, Zone
from tests.support.track_rows import tracks_of, walking

GATE = Line(id="l1", name="Gate", start=(0.2, 0.5), end=(0.8, 0.5), hysteresis_px=4)
"""From (200, 250) to (800, 250)."""


def why(*points: tuple[float, float], **changed: object) -> str | None:
    tracks = tracks_of({1: walking(points)} if points else {}, np.arange(max(len(points), 1)) / 5)
    return why_nothing(tracks, msgspec.structs.replace(GATE, **changed))


@pytest.mark.parametrize(
    ("reason", "points", "changed"),
    [
        ("no object is tracked", (), {}),
        ("outside of the picture", ((500, 200), (500, 300)), {"start": (0.2, 1.5), "end": (0.8, 1.2)}),
        ("outside of the picture", ((500, 200), (500, 300)), {"start": (1.2, 0.2), "end": (1.2, 0.8)}),
        ("the line is 2 px long", ((500, 200), (500, 300)), {"start": (0.2, 0.5), "end": (0.202, 0.5)}),
        ("no bottom center comes closer than 150 px", ((500, 50), (500, 100)), {}),
        ("no center comes closer than 170 px", ((500, 50), (500, 100)), {"anchor": "center"}),
        ("of every object stays on its out side", ((500, 200), (500, 240)), {}),
        ("of every object stays on its in side", ((500, 300), (500, 260)), {}),
        ("no object comes to more than 4 px on both sides", ((500, 200), (500, 253)), {}),
        ("One object passes beyond its ends", ((900, 200), (900, 300)), {}),
    ],
)
def test_a_line_that_counts_nothing_says_why(
    reason: str, points: tuple[tuple[float, float], ...], changed: dict[str, object]
) -> None:
    assert reason in (why(*points, **changed) or "")


def test_objects_that_stay_on_their_sides_are_distinguished() -> None:
    tracks = tracks_of({1: walking([(500, 240)]), 2: walking([(600, 260)])}, [0.0])
    assert "of no object is seen on both sides" in (why_nothing(tracks, GATE) or "")


def test_a_line_that_counts_gives_no_reason() -> None:
    assert why((500, 200), (500, 300)) is None
    assert why((500, 200), (500, 300), start=(-0.2, 0.5), end=(1.5, 0.5)) is None


def test_another_shape_and_a_moved_camera_are_noticed() -> None:
    picture = np.random.default_rng(1).integers(0, 255, (36, 64, 3), dtype=np.uint8)
    background, moved = small_background(picture), small_background(np.roll(picture, 9, axis=1))
    regions = RegionSet(camera="c", size=(1280, 720), background=background)
    assert misfits(regions, (640, 360), background) == []
    assert misfits(regions, (854, 480), None) == []
    (shape,) = misfits(regions, (720, 1280), background)
    assert "drawn on a picture of 1280 × 720 px; this one has 720 × 1280 px" in shape
    (camera,) = misfits(regions, (1280, 720), moved)
    assert "the camera may have been moved" in camera
    assert misfits(RegionSet(camera="c", size=(1280, 720)), (1280, 720), moved) == []


def test_definitions_state_the_numbers_of_each_region() -> None:
    zone = Zone(id="z1", name="Dock", points=((0, 0), (1, 0), (1, 1)), bridged_gap_s=2.5)
    rule = Rule(name="Crowd", zone="z1", classes=("person",), more_than=3, for_s=10, hysteresis=1, cooldown_s=30)
    assert "more than 4 px" in line_definition(GATE)
    assert "bottom center" in line_definition(GATE)
    assert "up to 2.5 s are bridged" in zone_definition(zone)
    assert rule_definition(rule, zone) == (
        "More than 3 objects (person) in Dock for at least 10 s. Ends at 2 or fewer. What begins within 30 s after the "
        "end of an interval belongs to it. A stretch of more than 2.5 s that was not analyzed ends an interval."
    )
    scale = Scale(points=((0, 1), (1, 1), (1, 0), (0, 0)), sides_m=(3, 4, 3, 4))
    assert (
        speed_definition(scale)
        == "In km/h, on the plane of the four points with sides of 3 m, 4 m, 3 m, 4 m (a rectangle)."
    )


def test_a_rule_about_classes_that_the_results_lack_says_so() -> None:
    rule = Rule(name="Crowd", zone="z1", classes=("person", "dog"), more_than=3)
    assert rule_note(rule, ("cat",)) == "never: the results have no class person or dog"
    assert rule_note(rule, ("cat", "dog")) is None
    assert rule_note(Rule(name="Any", zone="z1", more_than=3), ()) is None


def test_an_interval_is_one_sentence() -> None:
    interval = RuleInterval("Crowd", "Dock", 12.04, 3731.5, 60, 5, is_open=False)
    assert rule_sentence(interval) == "Crowd: from 0:12.0 to 1:02:11.5, up to 5 objects in Dock."
    assert rule_sentence(msgspec.convert(vars(interval) | {"is_open": True}, RuleInterval)).endswith(
        "from 0:12.0 to 1:02:11.5 or later, up to 5 objects in Dock."
    )
