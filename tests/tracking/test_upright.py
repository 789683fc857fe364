"""Tracks of services that did not turn the picture, on the picture that players show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from frametally.regions.crossings import crossings
from frametally.regions.shapes import Line
from frametally.tracking.tracker import track
from frametally.tracking.upright import upright_tracks
from frametally.video.orientation import UPRIGHT, Orientation
from tests.support.opened_results import Entry, box, entry, opened

CLOCKWISE = Orientation(True, True, False)
ACROSS = Line(id="l1", name="Gate", start=(1, 0.5), end=(0, 0.5), anchor="center")
"""Of a picture that is 360 px wide and 640 px high, from right to left: those that go up come in."""


def moving_right(folder: Path, wh: tuple[int, int] | None) -> list[Entry]:
    """An object that the stored picture, 640 px wide and 360 px high, shows moving from left to right."""
    rows = [entry(box("car", 0.9, (40 + 14 * at, 100, 40, 20)), wh=wh or (1, 1)) for at in range(40)]
    return rows if wh else [{**row, "image": None} for row in rows if row]


@pytest.mark.parametrize(
    ("orientation", "counts", "last_box"),
    [
        (CLOCKWISE, (0, 1), [250, 566, 270, 606]),
        (Orientation(True, False, True), (1, 0), [90, 34, 110, 74]),
        (Orientation(True, False, False), (0, 1), [90, 566, 110, 606]),
    ],
)
def test_boxes_of_the_stored_picture_cross_the_line_that_they_are_seen_to_cross(
    tmp_path: Path, orientation: Orientation, counts: tuple[int, int], last_box: list[float]
) -> None:
    results = opened(tmp_path, m=moving_right(tmp_path, (640, 360)))
    found = upright_tracks(track(results, "m"), results, "m", (360, 640), orientation)
    assert found.size_px == (360, 640)
    crossed = crossings(found, ACROSS)
    assert (int(crossed.is_in.sum()), int((~crossed.is_in).sum())) == counts
    assert found.xyxy[-1].tolist() == last_box


def test_boxes_of_the_upright_picture_stay(tmp_path: Path) -> None:
    results = opened(tmp_path, m=moving_right(tmp_path, (640, 360)))
    kept = track(results, "m")
    assert upright_tracks(kept, results, "m", (640, 360), CLOCKWISE) is kept
    assert upright_tracks(kept, results, "m", (360, 640), UPRIGHT) is kept


@pytest.mark.parametrize("wh", [None, (0, 0)])
def test_without_a_size_boxes_are_of_the_upright_picture(tmp_path: Path, wh: tuple[int, int] | None) -> None:
    results = opened(tmp_path, m=moving_right(tmp_path, wh))
    kept = track(results, "m")
    assert kept.size_px == (606, 110)
    found = upright_tracks(kept, results, "m", (1280, 720), CLOCKWISE)
    assert found.size_px == (1280, 720)
    assert np.array_equal(found.xyxy, kept.xyxy)
