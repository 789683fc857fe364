"""The rules of a set in the results of a job."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from frametally.errors import ResultsError
from frametally.notifications.rules.evaluation import evaluate
from frametally.notifications.rules.spec import RuleSpec
from frametally.regions.shapes import RegionSet, Rule, Zone
from frametally.results import archive_results
from tests.support.square_regions import square_results

DOCK = Zone(id="z1", name="Dock", points=((0.6, 0.2), (1, 0.2), (1, 0.9), (0.6, 0.9)))
BUSY = Rule(name="Busy", zone="z1", more_than=0, for_s=0)
SET = RegionSet(camera="dock 3", size=(320, 240), zones=(DOCK,), rules=(BUSY,))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    (tmp_path / "results.json").write_text(json.dumps(square_results()))
    archive_results(tmp_path / "results.json", tmp_path / "archive")
    return tmp_path / "archive"


def spec_of(archive: Path, regions: RegionSet = SET, video: Path | None = None) -> RuleSpec:
    return RuleSpec(results=str(archive), video=str(video or ""), regions=regions.to_json().decode())


def test_intervals_are_those_of_the_tracks(archive: Path) -> None:
    found = evaluate(spec_of(archive))
    assert (found.notes, found.was_counted) == ((), True)
    (interval,) = found.intervals
    assert (interval.rule, interval.zone, interval.peak, interval.is_open) == ("Busy", "Dock", 1, True)
    assert msgspec.json.decode(msgspec.json.encode(found), type=type(found)) == found


def test_a_rule_about_a_class_that_the_results_lack_says_so(archive: Path) -> None:
    regions = msgspec.structs.replace(SET, rules=(msgspec.structs.replace(BUSY, classes=("forklift",)),))
    found = evaluate(spec_of(archive, regions))
    assert (found.intervals, found.notes) == ((), ("Busy: never: the results have no class forklift.",))


def test_a_picture_of_another_shape_does_not_count(archive: Path) -> None:
    found = evaluate(spec_of(archive, msgspec.structs.replace(SET, size=(1280, 720))))
    assert (found.intervals, found.was_counted) == ((), False)
    assert found.notes[0] == "The rules of dock 3 were not checked."
    assert "another shape" in found.notes[1]


def test_a_camera_that_may_have_been_moved_counts_with_a_note(archive: Path, small_video: Path) -> None:
    stripes = bytes(255 * (at % 64 // 8 % 2) for at in range(64 * 36))
    found = evaluate(spec_of(archive, msgspec.structs.replace(SET, background=stripes), small_video))
    assert len(found.intervals) == 1
    assert "camera may have been moved" in found.notes[0]


def test_results_without_boxes_are_refused(tmp_path: Path) -> None:
    content = square_results()
    content["motion"] = [{"time": 0.01, "predictions": [{"class": "a", "confidence": 0.5, "class_id": 0}]}] * 20
    (tmp_path / "results.json").write_text(json.dumps(content))
    archive_results(tmp_path / "results.json", tmp_path / "archive")
    with pytest.raises(ResultsError, match="no boxes"):
        evaluate(spec_of(tmp_path / "archive"))
