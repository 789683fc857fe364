"""Permanent colors of classes."""

from __future__ import annotations

import random
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from frametally.rendering.class_colors import MAX_LETTERS, MAX_NAMES, PALETTE, ClassColors, class_colors


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "colors.json"


def test_colors_do_not_depend_on_the_order() -> None:
    assert class_colors(["car", "person"]) == class_colors(["person", "car", "car"])


def test_up_to_ten_classes_have_different_colors() -> None:
    names = [f"class {number}" for number in range(len(PALETTE))]
    colors = class_colors(names)
    assert set(colors) == set(names)
    assert set(colors.values()) == set(PALETTE)


def test_more_classes_than_colors_share_them_evenly() -> None:
    shared = list(class_colors(str(number) for number in range(80)).values())
    assert [shared.count(color) for color in PALETTE] == [8] * len(PALETTE)
    assert class_colors([]) == {}


def test_a_color_is_the_same_in_every_process() -> None:
    # Python's hash() of a string differs between processes.
    assert class_colors(["bottle", "car"]) == {"bottle": "#56b4e9", "car": "#a3b325"}
    assert all(re.fullmatch(r"#[0-9a-f]{6}", color) for color in PALETTE)


def test_a_class_keeps_its_color(path: Path) -> None:
    chance, colors, seen = random.Random(4), ClassColors(path), dict[str, str]()
    for _ in range(200):
        together = {f"class {chance.randrange(60)}" for _ in range(chance.randrange(1, 12))}
        found = (colors if chance.random() < 0.5 else ClassColors(path)).of(together)
        assert found.keys() == together
        new = [name for name in together if name not in seen]
        if len(together) <= len(PALETTE):  # a new class gets a color that no other class here has
            assert all(list(found.values()).count(found[name]) == 1 for name in new)
        assert seen == seen | {name: color for name, color in found.items() if name in seen}
        seen |= found


def test_the_first_ten_classes_of_a_deployment_have_different_colors(path: Path) -> None:
    for number in range(len(PALETTE)):
        ClassColors(path).of([f"class {number}"])
    assert len(set(ClassColors(path).of(f"class {number}" for number in range(len(PALETTE))).values())) == len(PALETTE)


def test_concurrent_sessions_give_a_class_the_same_color(path: Path) -> None:
    def look(session: int) -> dict[str, str]:
        return ClassColors(path).of({f"class {session % 3}", "tube", f"class {session}"})

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(look, range(64)))
    settled = ClassColors(path).of([f"class {number}" for number in range(64)] + ["tube"])
    assert all(colors.items() <= settled.items() for colors in found)
    assert [file.name for file in path.parent.iterdir()] == ["colors.json"]


def test_stored_colors_are_limited_and_others_are_permanent_too(path: Path) -> None:
    too_long = "x" * (MAX_LETTERS + 1)
    first = ClassColors(path).of([too_long, "car"])
    assert ClassColors(path).of(["car", "a", "b", too_long])[too_long] == first[too_long]
    ClassColors(path).of(f"class {number}" for number in range(2 * MAX_NAMES))
    late = ClassColors(path).of(["late"])
    assert ClassColors(path).of(["late", "later", "last"])["late"] == late["late"]
    assert ClassColors(path).of(["car"])["car"] == first["car"]
    assert path.stat().st_size < MAX_NAMES * 40


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"colors": {"car": 3}}', b"\xff", b'{"colors": 7}'])
def test_a_damaged_file_is_replaced(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    colors = ClassColors(path).of(["car"])
    assert ClassColors(path).of(["bus", "car"])["car"] == colors["car"]


def test_stored_colors_outside_the_palette_are_ignored(path: Path) -> None:
    path.write_bytes(b'{"colors": {"car": "url(javascript:x)"}}')
    assert ClassColors(path).of(["car"])["car"] in PALETTE


def test_without_a_writable_file_colors_last_for_the_process(tmp_path: Path) -> None:
    colors = ClassColors(tmp_path / "gone" / "colors.json")
    tube = colors.of(["tube"])
    path = tmp_path / "folder.json"
    path.mkdir()  # a folder in its place can be neither read nor replaced
    other = ClassColors(path)
    assert other.of(["tube"]) == tube
    assert [file.name for file in tmp_path.iterdir()] == ["folder.json"]
    assert other.of(["tube", "envelope"])["tube"] == tube["tube"]
