"""The JSON form of regions, which comes from browsers and files."""

from __future__ import annotations

import msgspec
import pytest

from frametally.errors import RegionsError
from frametally.regions.shapes import BACKGROUND_BYTES, Line, RegionSet, Rule, Scale, Zone

LINE = {"id": "l1", "name": "Gate", "start": [0.1, 0.5], "end": [0.9, 0.5]}
ZONE = {"id": "z1", "name": "Dock", "points": [[0.1, 0.1], [0.4, 0.1], [0.4, 0.5]]}
RULE = {"name": "Crowd", "zone": "z1", "more_than": 3}
SCALE = {"points": [[0, 1], [1, 1], [1, 0.5], [0, 0.5]], "sides_m": [3, 4, 3, 4]}


def content(**changed: object) -> bytes:
    return msgspec.json.encode({"version": 1, "camera": "dock 3", "size": [1280, 720]} | changed)


def test_a_set_comes_back_from_its_json_as_it_was() -> None:
    regions = RegionSet(
        camera="dock 3",
        size=(1280, 720),
        lines=(Line(id="l1", name="Tor 门　2", start=(0.1, 0.5), end=(0.9, 0.5), anchor="center", hysteresis_px=0),),
        zones=(Zone(id="z1", name="Dock", points=((0, 0), (1, 0), (1, 1)), bridged_gap_s=2),),
        scale=Scale(points=((0, 1), (1, 1), (1, 0.5), (0, 0.5)), sides_m=(3, 4, 3, 4), unit="m/s"),
        rules=(Rule(name="Crowd", zone="z1", classes=("person",), more_than=3, for_s=10, hysteresis=1, cooldown_s=30),),
        background=bytes(range(256)) * (BACKGROUND_BYTES // 256),
    )
    assert RegionSet.from_json(regions.to_json()) == regions


def test_the_form_of_the_browser_is_read() -> None:
    regions = RegionSet.from_json(content(lines=[LINE], zones=[ZONE], scale=SCALE, rules=[RULE], background=None))
    assert regions.lines[0].anchor == "bottom_center"
    assert regions.zones[0].bridged_gap_s == 1
    assert regions.size == (1280, 720)


HOSTILE = {
    "no JSON": b"lines",
    "not UTF-8": b'{"camera": "\xff"}',
    "nested": b"[" * 100_000,
    "too large": content(camera="x" * (1 << 20)),
    "another version": content(version=2),
    "an unknown field": content(script="alert(1)"),
    "a long name": content(camera="x" * 201),
    "an empty name": content(lines=[LINE | {"name": ""}]),
    "a name of spaces": content(lines=[LINE | {"name": "  "}]),
    "a control character": content(lines=[LINE | {"name": "a\x00b"}]),
    "a turned text": content(lines=[LINE | {"name": "a\u202eb"}]),
    "infinite": content(lines=[LINE]).replace(b"0.1", b"1e999"),
    "NaN": content(lines=[LINE]).replace(b"0.1", b"NaN"),
    "far away": content(lines=[LINE | {"start": [1e12, 0]}]),
    "no extent": content(lines=[LINE | {"end": [0.1, 0.5]}]),
    "three numbers": content(lines=[LINE | {"end": [0.1, 0.5, 1]}]),
    "an unknown anchor": content(lines=[LINE | {"anchor": "middle"}]),
    "a negative hysteresis": content(lines=[LINE | {"hysteresis_px": -1}]),
    "a color with more": content(lines=[LINE | {"color": "#2563eb;x"}]),
    "an id with more": content(lines=[LINE | {"id": "l1\n"}]),
    "two points": content(zones=[ZONE | {"points": [[0, 0], [1, 1]]}]),
    "201 points": content(zones=[ZONE | {"points": [[at / 201, 0] for at in range(201)]}]),
    "51 lines": content(lines=[LINE | {"id": f"l{at}", "name": f"{at}"} for at in range(51)]),
    "an id twice": content(lines=[LINE], zones=[ZONE | {"id": "l1"}]),
    "a name twice": content(lines=[LINE], zones=[ZONE | {"name": "Gate"}]),
    "a rule twice": content(zones=[ZONE], rules=[RULE, RULE]),
    "a rule without its zone": content(rules=[RULE]),
    "a rule that never ends": content(zones=[ZONE], rules=[RULE | {"hysteresis": 4}]),
    "a size of zero": content(size=[0, 720]),
    "an unknown unit": content(scale=SCALE | {"unit": "mph"}),
    "a length of zero": content(scale=SCALE | {"sides_m": [0, 4, 0, 4]}),
    "four sides that fix no shape": content(scale=SCALE | {"sides_m": [3, 4, 2, 4]}),
    "a background of another size": content(background="AAAA"),
    "a background that is not base64": content(background="?"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_not_a_set_is_refused_with_a_reason(name: str) -> None:
    with pytest.raises(RegionsError, match=r"^(This is not a valid set of regions: .+|A set of regions has at most)"):
        RegionSet.from_json(HOSTILE[name])


def test_reversing_a_line_swaps_only_its_ends() -> None:
    line = msgspec.convert(LINE | {"anchor": "center", "hysteresis_px": 7, "color": "#000000"}, Line)
    assert (line.reversed.start, line.reversed.end) == (line.end, line.start)
    assert line.reversed.reversed == line
