"""What is said where tracks cannot be relied on."""

from __future__ import annotations

from pathlib import Path

import pytest

from frametally.results import Results
from frametally.tracking.kept import find_tracks, kept_tracks
from frametally.tracking.messages import tracking_warning
from frametally.tracking.tracker import track
from tests.support.opened_results import box, entry, opened


def passing(folder: Path, step_px: float, *, parked: int = 0) -> Results:
    """Three objects of 20 px that pass again and again, and others that stand."""
    rows = [
        entry(
            *(box("car", 0.9, (10 + step_px * (at % 20), 50 + 90 * row, 20, 20)) for row in range(3)),
            *(box("car", 0.9, (100 + 60 * row, 320, 40, 40)) for row in range(parked)),
            wh=(3000, 360),
        )
        for at in range(60)
    ]
    return opened(folder, m=rows)


@pytest.mark.parametrize(
    ("step_px", "parked", "warning"),
    [
        (4, 0, ""),
        (60, 0, "Only 0% of the boxes could be joined to tracks, so counts may be too low. Analyze more frames"),
        (60, 1, "Only 25% of the boxes could be joined to tracks"),
        (14, 0, "Objects move by 70% of their size between analyzed frames"),
    ],
)
def test_objects_too_fast_to_be_joined_are_named(tmp_path: Path, step_px: float, parked: int, warning: str) -> None:
    found = tracking_warning(track(passing(tmp_path, step_px, parked=parked), "m"))
    assert found.startswith(warning) if warning else found == ""


def test_kept_tracks_warn_alike(tmp_path: Path) -> None:
    results = passing(tmp_path, 60, parked=1)
    made, kept = kept_tracks(results, "m"), find_tracks(results, "m")
    assert kept is not None
    assert tracking_warning(kept) == tracking_warning(made) != ""


def test_boxes_without_an_id_beside_others_are_named(tmp_path: Path) -> None:
    rows = [
        entry(
            box("car", 0.9, (50 + 5 * at, 50, 20, 20), tracker_id=7),
            box("car", 0.9, (50 + 5 * at, 150, 20, 20), **({"tracker_id": -1} if at % 2 else {})),
        )
        for at in range(10)
    ]
    found = track(opened(tmp_path, m=rows), "m")
    assert len(found) == 10
    assert tracking_warning(found) == "10 boxes have no tracker id and are left out."


def test_boxes_whose_id_is_minus_one_are_tracked(tmp_path: Path) -> None:
    rows = [entry(*(box("car", 0.9, (50 + 5 * at, y, 20, 20), tracker_id=-1) for y in (50, 150))) for at in range(10)]
    found = track(opened(tmp_path, m=rows), "m")
    assert (len(found), len(found.class_share), tracking_warning(found)) == (20, 2, "")
