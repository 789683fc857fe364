"""The numbers of a brief are those of the page and of the exported tables."""

from __future__ import annotations

import csv
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import asdict

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.comparison import compare
from frametally.analysis.counts import count
from frametally.analysis.highlights import highlights
from frametally.analysis.totals import totals
from frametally.analysis.view import View
from frametally.analysis.view_spec import ViewSpec
from frametally.exports.tables import write_counts_csv
from frametally.regions.shapes import Line, RegionSet
from frametally.reports.document.page import self_contained
from frametally.reports.facts import Side
from frametally.reports.making import make_brief
from frametally.reports.request import BriefRequest
from frametally.reports.sources import BriefSources, BriefVideo
from frametally.results import Results
from frametally.results.cube import STEPS
from frametally.video.frame_index import build_index
from tests.support.briefs import MADE_AT, brief_of, unpacked
from tests.support.documents import archived, random_document
from tests.support.geometry_videos import scene_image, write_oriented
from tests.support.opened_results import Entry, box, entry, opened, random_entries

ENTRIES, FPS = 700, 5


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Two models; one in seven frames was not analyzed."""
    folder = tmp_path_factory.mktemp("results")
    return opened(folder, fps=FPS, one=random_entries(1, ENTRIES), two=random_entries(2, ENTRIES, "bcd"))


def random_view(chance: random.Random) -> dict[str, Any]:
    """Settings of a view, with renamed, merged and hidden classes, any threshold and any time range."""
    first_s = chance.uniform(0, ENTRIES / FPS / 2)
    return {
        "model": chance.choice(["one", "two"]),
        "confidence": chance.choice([0.25, 0.5, 0.0, round(chance.random(), 3)]),
        "renames": chance.choice([(), (("b", "c"),), (("c", "Cee"),)]),
        "shown": chance.choice([None, ("c", "Cee")]),
        "time_range_s": chance.choice([None, (first_s, first_s + chance.uniform(1, 70))]),
    }


@pytest.mark.parametrize("seed", range(10))
def test_a_brief_has_the_numbers_of_the_page_and_of_the_csv(results: Results, tmp_path: Path, seed: int) -> None:
    spec = random_view(random.Random(seed))
    brief = brief_of(results, view=spec, evidence=())
    view = View(results, spec["model"], spec["confidence"], **classes_and_range(spec))
    (side,) = brief.facts.sides
    assert_as_on_the_page(side, view)
    assert_as_in_the_csv(side, view, tmp_path / "counts.csv")
    assert_at_every_threshold(side, view, random.Random(seed))


def classes_and_range(spec: dict[str, Any]) -> dict[str, Any]:
    return {"classes": ClassMapping(spec["renames"], spec["shown"]), "time_range_s": spec["time_range_s"]}


def assert_as_on_the_page(side: Side, view: View) -> None:
    rows, counts = totals(view), count(view)
    shown = [
        {name: value for name, value in asdict(row).items() if name not in ("color", "is_rare")} for row in side.classes
    ]
    assert shown == [
        {"name": row.class_name, **{key: value for key, value in vars(row).items() if key != "class_name"}}
        for row in rows
    ]
    lines = [trace for trace in side.charts[0].figure["data"] if "code" in trace["meta"]]
    for line, values in zip(lines, counts.values.T.tolist(), strict=True):
        assert line["y"] == [None if value != value else round(value, 6) for value in values]
    found = highlights(view, counts, rows)
    tiles = {tile.name: tile.value for tile in side.highlights}
    assert found is None or (tiles["Peak"], tiles["Mean"]) == (f"{found.peak:,}", f"{found.mean:.1f}")


def assert_as_in_the_csv(side: Side, view: View, path: Path) -> None:
    write_counts_csv(view, path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(view.entries)
    known = [row for row in rows if not view.names or row[view.names[0]] != ""]
    for one in side.classes:
        numbers = [int(row[one.name]) for row in known]
        assert len(numbers) == side.analyzed
        assert (sum(numbers) / len(numbers), max(numbers)) == pytest.approx((one.mean, one.peak))
        assert sum(number > 0 for number in numbers) / len(numbers) == pytest.approx(one.present)


def assert_at_every_threshold(side: Side, view: View, chance: random.Random) -> None:
    facts, arrays = unpacked(side.counts)
    classes, points = len(side.classes), len(arrays["analyzed"])
    histogram = arrays["histogram"].reshape(STEPS, classes, points)
    for step in chance.sample(range(STEPS), 4):
        other = replace(view, confidence=step / 100)
        assert np.array_equal(histogram[step:].sum(axis=0).T, count(other).boxes)
        for code, row in enumerate(totals(other)):
            at = step * classes + code
            assert arrays["boxes"][at] / facts["entries"] == row.mean
            assert (arrays["peak"][at], arrays["present"][at] / facts["entries"]) == (row.peak, row.present)
            assert arrays["present"][at] * facts["interval_s"] == row.present_s
            seen = [None if value != value else value for value in (arrays["first_s"][at], arrays["last_s"][at])]
            assert seen == [row.first_seen_s, row.last_seen_s]


def test_a_comparison_shows_both_models_and_how_they_agree(results: Results) -> None:
    facts = brief_of(results, view={"model": "one", "compare_with": "two"}).facts
    found = compare(View(results, "one", 0.25), "two")
    assert [side.model for side in facts.sides] == ["one", "two"]
    assert facts.compared is not None
    assert facts.compared.agreement == found.agreement
    assert [(row.matched, row.only_a, row.only_b) for row in facts.compared.rows] == [
        tuple(row) for row in found.by_class.tolist()
    ]
    assert any(len(frame.pictures) == 2 for frame in facts.evidence)
    assert any("only in" in reason for frame in facts.evidence for reason in frame.reasons)


def test_what_was_not_analyzed_is_a_gap_and_is_stated(tmp_path: Path) -> None:
    entries = random_entries(3, 40)
    entries[10:20] = [None] * 10
    facts = brief_of(opened(tmp_path, model=entries)).facts
    line = facts.sides[0].charts[0].figure["data"][0]
    assert line["y"][10:20] == [None] * 10
    assert [trace["name"] for trace in facts.sides[0].charts[0].figure["data"] if "area" in trace["meta"]] == [
        "not analyzed"
    ]
    lacking = sum(entry is None for entry in entries)
    assert facts.missing[0].startswith(f"model: {lacking} frames of 40 not analyzed")


def test_a_class_or_time_range_without_anything_is_stated(tmp_path: Path) -> None:
    results = opened(tmp_path, model=[entry(box("car"))] * 5)
    facts = brief_of(results, view={"shown": ("car", "truck"), "time_range_s": (50, 60)}).facts
    assert facts.missing == (
        "model: no frame in the time range.",
        "truck: not detected in any analyzed frame of the video, or not a class of the model.",
    )
    assert ("Classes", "car, truck") in facts.details


def test_lines_count_on_the_picture_as_it_is_seen(tmp_path: Path) -> None:
    rows: list[Entry] = [entry(box("car", 0.9, (40 + 14 * at, 100, 40, 20))) for at in range(40)]
    path = write_oriented(tmp_path / "phone.mp4", scene_image(640, 360), rotation_deg=270)
    video = BriefVideo(path=path, index=build_index(path), file_name="phone.mp4", sha256="ab" * 32, size_bytes=1)
    gate = Line(id="l1", name="Gate", start=(1, 0.5), end=(0, 0.5), anchor="center")
    regions = RegionSet(camera="Door", size=(360, 640), lines=(gate,))
    sources = BriefSources(results=opened(tmp_path, m=rows), video=video, regions=regions, camera="Door")
    request = BriefRequest(view=ViewSpec(job_ids=("job",)), evidence=())
    facts = make_brief(sources, request, made_by="", made_at=MADE_AT).facts.regions
    assert facts is not None
    assert [row.numbers for row in facts.rows] == [(("In", "0"), ("Out", "1"))]


@pytest.mark.parametrize("seed", range(12))
def test_results_of_every_kind_make_a_document(tmp_path: Path, seed: int) -> None:
    results = archived(tmp_path, random_document(random.Random(seed)))
    for model in results.models:
        brief = brief_of(results, view={"model": model}, every_s=1)
        assert brief.facts.sides[0].charts
        assert self_contained(brief)
