"""The class editor, the number of frames in words, and the confidence histogram."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.analytics.bar.facts import frame_counts
from components.analytics.charts.confidence_histogram import histogram_of
from components.analytics.view_picker import mapping_of
from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.view import View
from tests.support.opened_results import box, entry, opened, random_entries


@pytest.mark.parametrize(
    ("display", "renames"),
    [
        (["car", "truck"], ()),
        (["vehicle", "vehicle"], (("car", "vehicle"), ("truck", "vehicle"))),
        (["truck", "car"], (("car", "truck"), ("truck", "car"))),
        (["", None], ()),
        (["  ", " car "], (("truck", "car"),)),
    ],
)
def test_only_a_different_name_is_a_rename(display: list[str | None], renames: tuple[tuple[str, str], ...]) -> None:
    rows = [{"Class": name, "Display as": other} for name, other in zip(["car", "truck"], display, strict=True)]
    assert mapping_of(rows).renames == renames
    assert ClassMapping.parse(mapping_of(rows).format()) == mapping_of(rows)


def test_frame_counts_name_what_was_not_analyzed(tmp_path: Path) -> None:
    odd: dict[str, Any] = {"predictions": "x"}
    results = opened(tmp_path, m=[entry(box("cup")), entry(), None, odd])
    assert frame_counts(View(results, "m")) == (
        "2 of 4 frames analyzed · 2 not analyzed (hatched) · 1 with another type of result"
    )
    assert frame_counts(View(results, "m", time_range_s=(0, 0.2))) == (
        "2 of 2 frames analyzed · 1 with another type of result in the whole video"
    )


def test_the_histogram_has_every_box_in_view_once(tmp_path: Path) -> None:
    frames = [*random_entries(4, 80), entry(box("a", 1.0), box("b", 0.0), box("c", 0.96), box("c", 0.04))]
    results = opened(tmp_path, m=frames)
    boxes = [one for found in frames for one in (found or {}).get("predictions", [])]
    view = View(results, "m", classes=ClassMapping.parse("a>x,b>x"))
    assert view.names == ("x", "c")
    heights = histogram_of(view)
    assert heights is not None
    for name, row in zip(("ab", "c"), heights, strict=True):
        sure = [one["confidence"] for one in boxes if one["class"] in name]
        assert row.tolist() == np.histogram(sure, np.arange(26) / 25)[0].tolist()


@pytest.mark.parametrize(
    "time_range_s", [(0.0, 3.0), (10.1, 200.3), (10.1, 599.8), (299.5, 299.9), (300.0, 300.0), (0.05, 0.1)]
)
def test_the_histogram_of_a_time_range_has_its_boxes_only(tmp_path: Path, time_range_s: tuple[float, float]) -> None:
    frames = random_entries(8, 3000)  # 4 entries in a bucket of the cube
    view = View(opened(tmp_path, m=frames), "m", time_range_s=time_range_s)
    heights = histogram_of(view)
    assert heights is not None
    inside = [found for at, found in enumerate(frames) if found and time_range_s[0] <= at / 5 <= time_range_s[1]]
    for name, row in zip(view.names, heights, strict=True):
        sure = [one["confidence"] for found in inside for one in found["predictions"] if one["class"] == name]
        assert row.tolist() == np.histogram(sure, np.arange(26) / 25)[0].tolist()


def test_hidden_classes_are_not_in_the_histogram(tmp_path: Path) -> None:
    results = opened(tmp_path, m=[entry(box("a", 0.5), box("b", 0.5), box("b", 0.5))])
    heights = histogram_of(View(results, "m", classes=ClassMapping(shown=("a",))))
    assert heights is not None
    assert heights.sum(axis=1).tolist() == [1]
