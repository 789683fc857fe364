"""Packed boxes: places in the upright picture, thresholds compared exactly, and times as integers."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.view import View
from frametally.rendering.placement import placed
from frametally.rendering.playback.frame_times import ANALYZED, DAMAGED, packed_times
from frametally.rendering.playback.packed_boxes import NOWHERE, STRETCH_ENTRIES, UNIT, packed_boxes
from frametally.rendering.scenes import scene_of
from frametally.results import open_results
from frametally.video.frame_index import load_index
from frametally.video.orientation import UPRIGHT, Orientation
from tests.support.archives import archive_cached
from tests.support.packed import unpacked
from tests.support.results_files import box, entry

WH = (320, 240)


def view_of(folder: Path, entries: list[Any], mapping: ClassMapping | None = None) -> View:
    times = [round(at / 5, 4) for at in range(len(entries))]
    content = {"frame_offset": [at * 2 for at in range(len(entries))], "time_offset": times, "model": entries}
    (folder / "results.json").write_text(json.dumps(content))
    archive_cached(folder / "results.json", folder / "archive")
    return View(open_results(folder / "archive"), "model", 0.0, mapping or ClassMapping())


def test_the_boxes_of_each_entry_are_those_of_its_scene(tmp_path: Path) -> None:
    entries = [entry(*(box(name, 0.5, x=20.0 + at, y=40.0) for name in ("cup", "dog")[: at % 3])) for at in range(300)]
    view = view_of(tmp_path, entries)
    for stretch in (0, 1):
        found = unpacked(packed_boxes(view, stretch, WH, UPRIGHT))
        assert (found["start"], found["stop"]) == (stretch * STRETCH_ENTRIES, min((stretch + 1) * STRETCH_ENTRIES, 300))
        ends = [0, *found["ends"].tolist()]
        for at, (first, last) in enumerate(pairwise(ends)):
            scene = scene_of(view, found["start"] + at)
            corners = found["xyxy"].reshape(-1, 4)[first:last] / UNIT * (*WH, *WH)
            assert np.allclose(corners, scene.xyxy, atol=0.02)
            assert [view.names[code] for code in found["code"][first:last]] == list(scene.class_names)


def test_beyond_the_last_entry_there_are_no_boxes(tmp_path: Path) -> None:
    found = unpacked(packed_boxes(view_of(tmp_path, [entry(box("cup", 0.5))]), 7, WH, UPRIGHT))
    assert (found["start"], found["stop"], len(found["ends"]), len(found["code"])) == (1, 1, 0, 0)


def test_thresholds_in_hundredths_and_displayed_values_are_exact(tmp_path: Path) -> None:
    values = [0.0, 0.004, 0.2499, 0.25, 0.29, 0.57, 0.5749, 0.5751, 0.999, 1.0]
    found = unpacked(packed_boxes(view_of(tmp_path, [entry(*(box("cup", value) for value in values))]), 0, WH, UPRIGHT))
    level = found["level"].astype(int)
    for step in range(101):
        assert [at >> 1 >= step for at in level] == [value >= step / 100 for value in values]
    assert [f"{((at + 1) >> 1) / 100:.2f}" for at in level if at] == [
        f"{value:.2f}" for value in values if value > 0.005
    ] + []


@pytest.mark.parametrize("orientation", [Orientation(True, True, False), Orientation(True, False, True)])
def test_boxes_of_a_picture_that_was_not_rotated_are_rotated(tmp_path: Path, orientation: Orientation) -> None:
    view = view_of(tmp_path, [entry(box("cup", 0.5, x=20.0, y=200.0))])
    upright_wh = (240, 320)
    found = unpacked(packed_boxes(view, 0, upright_wh, orientation))
    scene = placed(scene_of(view, 0), upright_wh, orientation).scene
    assert np.allclose(found["xyxy"] / UNIT * (*upright_wh, *upright_wh), scene.xyxy, atol=0.02)


def test_boxes_that_are_not_finite_are_counted_but_nowhere(tmp_path: Path) -> None:
    view = view_of(tmp_path, [entry(box("cup", 0.5, x=1e39), box("cup", 0.6))])
    found = unpacked(packed_boxes(view, 0, WH, UPRIGHT))
    assert found["ends"].tolist() == [2]
    assert sorted((found["xyxy"].reshape(-1, 4) == NOWHERE).all(axis=1)) == [False, True]


def test_merged_classes_have_one_code(tmp_path: Path) -> None:
    view = view_of(tmp_path, [entry(box("cup", 0.5), box("mug", 0.5))], ClassMapping((("mug", "cup"),)))
    assert unpacked(packed_boxes(view, 0, WH, UPRIGHT))["code"].tolist() == [0, 0]


def test_times_are_integers_of_the_time_base(tmp_path: Path, small_video: Path) -> None:
    view, index = view_of(tmp_path, [entry(), None, entry()]), load_index(small_video)
    found = unpacked(packed_times(view, index))
    times_s = np.cumsum(found["deltas"]) * (found["base"][0] / found["base"][1])
    assert np.allclose(times_s, index.times_s)
    assert found["frame"].tolist() == [0, 2, 4]
    assert found["time_s"].tolist() == [0.0, 0.2, 0.4]
    assert [bool(state & ANALYZED) for state in found["state"]] == [True, False, True]
    assert not any(state & DAMAGED for state in found["state"])


def test_without_a_video_there_are_entries_but_no_times(tmp_path: Path) -> None:
    found = unpacked(packed_times(view_of(tmp_path, [entry()]), None))
    assert len(found["deltas"]) == 0
    assert found["frame"].tolist() == [0]
