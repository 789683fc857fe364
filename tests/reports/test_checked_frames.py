"""A brief states what people have seen in frames, with the numbers of the page."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.view import View
from frametally.analysis.view_spec import ViewSpec
from frametally.rendering.audits.report import report
from frametally.reports.document.page import self_contained
from frametally.reports.making import make_brief
from frametally.reports.numbers.checked_frames import checked_frames
from frametally.reports.request import BriefRequest
from frametally.reports.sources import BriefSources
from frametally.results import Results
from frametally.video.frame_index import FrameIndex
from tests.support.briefs import MADE_AT
from tests.support.checked_samples import audited_view, checked_sample, numbered_index
from tests.support.opened_results import opened, random_entries

ENTRIES = 80


@pytest.fixture(scope="module")
def analyzed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, FrameIndex]:
    folder = tmp_path_factory.mktemp("analyzed")
    return opened(folder, fps=30, one=random_entries(1, ENTRIES)), numbered_index(folder, ENTRIES)


@pytest.mark.parametrize("seed", range(6))
def test_the_corrected_numbers_are_those_of_the_page(analyzed: tuple[Results, FrameIndex], seed: int) -> None:
    chance = random.Random(seed)
    spec: dict[str, Any] = {
        "confidence": chance.choice([0.25, 0.5, 0.0]),
        "shown": chance.choice([None, ("c",), ("a", "b")]),
        "time_range_s": chance.choice([None, (0.5, 2.0)]),
    }
    results, index = analyzed
    view = View(results, "one", spec["confidence"], ClassMapping((), spec["shown"]), spec["time_range_s"])
    planned, checks = chance.choice([(20, 20), (20, 12), (10, 25)])
    sample = checked_sample(audited_view(view, index), planned, checks, chance.choice(["", "<b>ann</b>"]))
    sources = BriefSources(results=results, checked=lambda _: checked_frames(sample, {}))
    request = BriefRequest(view=ViewSpec(job_ids=("job",), model="one", **spec), evidence=())
    brief = make_brief(sources, request, made_by="", made_at=MADE_AT)
    found, shown = report(sample, {}), brief.facts.sides[0].checked
    assert shown
    assert [row.name for row in shown.rows] == [row.name for row in found.rows]
    for row, own in zip(shown.rows, found.rows, strict=True):
        assert own.mean
        assert row.mean
        assert row.total
        assert (row.mean.model, row.mean.corrected) == (own.mean.model, own.mean.corrected)
        assert (row.mean.low, row.mean.high) == own.mean.interval
        assert row.total.corrected == pytest.approx(own.mean.corrected * found.possible)
    lines = [trace for trace in brief.facts.sides[0].charts[0].figure["data"] if "dash" in trace.get("line", {})]
    dashed = [trace for trace in lines if "corrected" in trace["meta"]]
    assert [trace["y"][: 3 * len(shown.parts) : 3] for trace in dashed] == [
        [mean.corrected for part in shown.parts if (mean := part.means[code])] for code in range(len(view.names))
    ]
    html = self_contained(brief).decode()
    for row in shown.rows:
        assert row.mean
        assert f">{row.mean.corrected:,.2f}</td>" in html
    assert f"{found.checked} frames checked by eye" in html
    assert ("Preliminary:" in html) == ("<span>preliminary: " in html) == (checks < planned)
    assert ("<span>95 %: " in html) == (checks >= planned)
    assert ("confidence sequence" in html) == (checks > planned)
    assert "<b>ann</b>" not in html


def test_without_a_checked_frame_nothing_is_stated(analyzed: tuple[Results, FrameIndex], tmp_path: Path) -> None:
    results, index = analyzed
    assert checked_frames(checked_sample(audited_view(View(results, "one", 0.25), index), 20, 0), {}) is None
