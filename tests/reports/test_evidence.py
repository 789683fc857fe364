"""Which frames a brief shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from frametally.analysis.view_spec import ViewSpec
from frametally.errors import ViewError
from frametally.reports.evidence.choice import MAX_FRAMES
from frametally.reports.making import make_brief
from frametally.reports.request import BriefRequest, Evidence
from frametally.reports.sources import BriefNote, BriefSources
from frametally.results import Results
from tests.support.briefs import MADE_AT, brief_of, noise_video
from tests.support.opened_results import box, entry, opened


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """A car in each of 100 frames, three in frame 40; a dog from 20 to 30."""
    rows = [
        entry(*[box("car")] * (3 if at == 40 else 1), *([box("dog")] if 20 <= at <= 30 else [])) for at in range(100)
    ]
    return opened(tmp_path, model=rows)


def test_peaks_and_ends_of_each_class_are_shown(results: Results) -> None:
    reasons = {frame.entry: frame.reasons for frame in brief_of(results).facts.evidence}
    assert reasons == {
        0: ("first car",),
        20: ("peak of dog: 1", "first dog"),
        30: ("last dog",),
        40: ("peak of car: 3",),
        99: ("last car",),
    }


def test_only_the_kinds_that_are_asked_for_are_shown(results: Results) -> None:
    found = brief_of(results, evidence=(Evidence.PEAKS,), every_s=10).facts.evidence
    assert [frame.entry for frame in found] == [0, 20, 40, 50]
    assert brief_of(results, evidence=()).facts.evidence == ()


def test_regular_frames_are_thinned_to_what_a_brief_holds(results: Results) -> None:
    facts = brief_of(results, every_s=0.2).facts
    entries = [frame.entry for frame in facts.evidence]
    assert len(set(entries)) == MAX_FRAMES
    assert {0, 20, 30, 40, 99} <= set(entries)
    assert facts.evidence[0].reasons == ("first car", "every 0.2 s")
    assert "40 more frames left out" in facts.evidence_note


def test_a_pinned_note_is_shown_with_its_text(results: Results) -> None:
    notes = (BriefNote(entry=7, time_s=1.4, text="Look here"), BriefNote(entry=99, time_s=19.8, text="The end"))
    spec = ViewSpec(job_ids=("job",), time_range_s=(0, 10))
    request = BriefRequest(view=spec, evidence=(Evidence.NOTES,))
    brief = make_brief(BriefSources(results=results, notes=notes), request, made_by="", made_at=MADE_AT)
    assert [(frame.entry, frame.notes) for frame in brief.facts.evidence] == [(7, ("Look here",))]


def test_two_entries_of_one_frame_keep_their_own_pictures(tmp_path: Path) -> None:
    results = opened(tmp_path, model=[entry(box("car")), entry(box("dog"))])
    results = replace(results, frame_index=np.zeros(2, np.int64))
    brief = brief_of(results, video=noise_video(tmp_path / "noise.mp4", 2))
    names = [picture.file for frame in brief.facts.evidence for picture in frame.pictures]
    assert names == [file.name for file in brief.files]
    assert len(set(names)) == 2


def test_a_brief_of_several_jobs_is_refused(results: Results) -> None:
    with pytest.raises(ViewError, match="one job"):
        brief_of(results, view={"job_ids": ("one", "two")})
