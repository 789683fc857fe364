"""The cube compared with a plain count of the boxes, for several thresholds and numbers of entries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from frametally.results.cube import GRID, Cube, CubeBuilder, read_cube, step_of, write_cube
from tests.support.documents import archived, box, document, entry


def built(entries: int, classes: int, boxes: int, seed: int) -> tuple[Cube, np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    entry_of = np.sort(random.integers(0, entries, boxes)).astype(np.int32)
    code = random.integers(0, classes, boxes).astype(np.int32)
    confidence = np.where(random.random(boxes) < 0.3, random.integers(0, 101, boxes) / 100, random.random(boxes))
    builder = CubeBuilder()
    for part in np.array_split(np.arange(entries), max(entries // 37, 1)):
        chosen = (entry_of >= part[0]) & (entry_of <= part[-1])
        builder.add(entry_of[chosen], code[chosen], confidence[chosen])
    cube = builder.finish(list(range(classes)), entries)
    assert cube is not None
    return cube, entry_of, code, confidence


@pytest.mark.parametrize(
    ("entries", "classes", "boxes"), [(1, 1, 5), (50, 3, 400), (1024, 9, 3000), (5000, 70, 9000), (1025, 130, 2000)]
)
def test_steps_agree_with_a_plain_count(entries: int, classes: int, boxes: int) -> None:
    cube, entry_of, code, confidence = built(entries, classes, boxes, seed=entries)
    assert cube.counts.shape[1:] == (classes, -(-entries // cube.span))
    assert classes * cube.counts.shape[2] <= 1 << 16
    for step in (0, 1, 29, 50, 57, 99, 100):
        table = np.zeros((entries, classes), dtype=np.int64)
        kept = confidence >= step / 100
        np.add.at(table, (entry_of[kept], code[kept]), 1)
        assert (cube.counts[step] == np.add.reduceat(table, np.arange(0, entries, cube.span)).T).all()
        assert (table.max(axis=0) == cube.peak[step]).all()
        assert ((table > 0).sum(axis=0) == cube.present[step]).all()
        seen = np.flatnonzero(cube.present[step])
        assert (cube.first[step, seen] == (table[:, seen] > 0).argmax(axis=0)).all()
        assert (cube.last[step, seen] == entries - 1 - (table[::-1, seen] > 0).argmax(axis=0)).all()


def test_a_threshold_includes_its_own_value() -> None:
    for step in range(101):
        builder = CubeBuilder()
        value = step / 100
        confidence = np.array([value, np.nextafter(value, -1), np.nextafter(value, 2)])
        builder.add(np.zeros(3, dtype=np.int32), np.zeros(3, dtype=np.int32), confidence)
        cube = builder.finish([0], 1)
        assert cube is not None
        assert cube.counts[:, 0, 0].tolist() == [int((confidence >= grid).sum()) for grid in GRID], step
        assert step_of(value) == step
        assert step_of(float(np.nextafter(value, 2))) is None, step


def test_confidences_outside_0_to_1_are_compared_as_numbers() -> None:
    builder = CubeBuilder()
    confidence = np.array([np.nan, -0.5, 1.5, np.inf, -np.inf])
    builder.add(np.zeros(5, dtype=np.int32), np.zeros(5, dtype=np.int32), confidence)
    cube = builder.finish([0], 1)
    assert cube is not None
    assert cube.counts[:, 0, 0].tolist() == [2] * 101


def test_the_histogram_has_each_box_once() -> None:
    cube, _, code, confidence = built(300, 4, 2000, seed=1)
    expected = [np.histogram(confidence[code == at], bins=np.append(GRID, 2))[0].tolist() for at in range(4)]
    assert cube.histogram().tolist() == expected


def test_a_cube_round_trips_through_its_files(tmp_path: Path) -> None:
    cube, *_ = built(70, 3, 90, seed=2)
    write_cube(cube, tmp_path, 4)
    again = read_cube(tmp_path, 4)
    assert again is not None
    assert all(np.array_equal(getattr(again, name), value) for name, value in vars(cube).items())
    assert isinstance(again.counts.base, np.memmap)
    assert read_cube(tmp_path, 5) is None


def test_too_many_classes_for_a_cube_keep_all_their_boxes(tmp_path: Path) -> None:
    entries = [entry(*[box(f"{at * 30 + number}") for number in range(30)]) for at in range(40)]
    results = archived(tmp_path, document(*entries))
    assert results.cube("cars") is None
    assert len(results.models["cars"].classes) == len(results.boxes("cars")) == 1200
