"""Two models in the same checked frames, whatever else each of them analyzed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from frametally.analysis.view import View
from frametally.rendering.audits.audited_view import AuditedView
from frametally.rendering.audits.models import Candidate, other_models
from frametally.results import Results, open_results
from frametally.video.frame_index import FrameIndex
from tests.support.archives import archive_cached
from tests.support.checked_samples import audited_view, checked_sample, numbered_index
from tests.support.opened_results import box, entry

FRAMES = 60


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> FrameIndex:
    return numbered_index(tmp_path_factory.mktemp("video"), FRAMES)


def analyzed(folder: Path, frames: list[int]) -> Results:
    """As many boxes in each frame as its number modulo 7, whatever the order of the frames."""
    step_s = FRAMES / len(frames) / 30
    content = {
        "frame_offset": frames,
        "time_offset": [round(at * step_s, 4) for at in range(len(frames))],
        "cars": [entry(*[box("car")] * (frame % 7)) for frame in frames],
    }
    folder.mkdir()
    (folder / "results.json").write_text(json.dumps(content))
    archive_cached(folder / "results.json", folder / "archive")
    return open_results(folder / "archive")


def viewed(results: Results, index: FrameIndex) -> AuditedView:
    return audited_view(View(results, "cars", 0.25), index)


@pytest.mark.parametrize(
    ("frames", "shared"),
    [
        (range(FRAMES), FRAMES),
        (range(0, FRAMES, 3), FRAMES // 3),
        ([*range(10), *range(29, 9, -1), *range(30, FRAMES)], FRAMES),  # contradict the times
    ],
)
def test_a_model_that_finds_the_same_in_each_frame_is_as_near(
    tmp_path: Path, index: FrameIndex, frames: list[int], shared: int
) -> None:
    own = viewed(analyzed(tmp_path / "own", [*range(FRAMES)]), index)
    other = viewed(analyzed(tmp_path / "other", [*frames]), index)
    for one, two in ((own, other), (other, own)):
        (found,) = other_models(checked_sample(one, len(one.times), len(one.times)), [Candidate("job", None, two)])
        assert found.result.frames == shared
        assert found.result.difference == (0, 0)
        assert found.result.one == found.result.other


def test_frames_that_are_damaged_for_one_model_are_compared_for_none(tmp_path: Path, index: FrameIndex) -> None:
    own = viewed(analyzed(tmp_path / "own", [*range(FRAMES)]), index)
    results = analyzed(tmp_path / "other", [*range(FRAMES)])
    other = viewed(replace(results, damaged=np.arange(FRAMES) < FRAMES // 2), index)
    (found,) = other_models(checked_sample(own, FRAMES, FRAMES), [Candidate("job", None, other)])
    assert (found.result.frames, found.result.difference) == (FRAMES // 2, (0, 0))


def test_a_model_whose_results_were_deleted_leaves_the_others(tmp_path: Path, index: FrameIndex) -> None:
    own, other, gone = (viewed(analyzed(tmp_path / name, [*range(FRAMES)]), index) for name in ("own", "other", "gone"))
    shutil.rmtree(tmp_path / "gone")
    candidates = [Candidate("gone", None, gone), Candidate("other", None, other)]
    assert [one.job_id for one in other_models(checked_sample(own, 10, 10), candidates)] == ["other"]


def test_a_frame_of_several_entries_is_checked_once(tmp_path: Path, index: FrameIndex) -> None:
    twice = viewed(analyzed(tmp_path / "twice", [at // 2 for at in range(FRAMES)]), index)
    sample = checked_sample(twice, 20, 20)
    places = [place for place, _ in sample.order]
    assert len(places) == len(set(places)) == len(twice.entries) == FRAMES // 2
