"""The sparkline: the class with the highest peak, its counts in equal parts, gaps where no frame was analyzed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from frametally.errors import ResultsError
from frametally.previews.sparkline import MAX_POINTS, Sparkline, load_sparkline
from tests.support.archives import archive_cached
from tests.support.documents import box
from tests.support.short_documents import document, entry


def archived(folder: Path, *entries: object) -> Path:
    (folder / "r.json").write_text(json.dumps(document(*entries)))
    archive_cached(folder / "r.json", folder / "job")
    return folder / "job"


def test_the_class_with_the_highest_peak_is_shown(tmp_path: Path) -> None:
    two, one = entry(box("van"), box("van"), box("car")), entry(box("car"), box("van", 0.2))
    folder = archived(tmp_path, two, one, None, entry())
    assert load_sparkline(folder) == Sparkline(class_name="van", peak=2, means=[2.0, 0.0, None, 0.0])


def test_it_is_computed_once_and_again_for_new_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = archived(tmp_path, entry(box("van")))
    known = load_sparkline(folder)
    (file,) = (folder / "derived").iterdir()
    assert file.name.startswith("sparkline-")
    with monkeypatch.context() as without_results:
        without_results.setattr("frametally.previews.sparkline.open_results", None)
        assert load_sparkline(folder) == known
    (folder / "notes.json").unlink()  # as after an upgrade: the archive is made again
    archived(tmp_path, entry(box("car"), box("car")))
    assert load_sparkline(folder).class_name == "car"


@pytest.mark.parametrize("count", [47, 48, 49, 1000, 5000])
def test_a_long_video_has_few_points_whose_sum_is_that_of_the_counts(tmp_path: Path, count: int) -> None:
    folder = archived(tmp_path, *[entry(*[box()] * (at % 3)) for at in range(count)])
    sparkline = load_sparkline(folder)
    assert min(count, 24) <= len(sparkline.means) <= MAX_POINTS
    assert sparkline.peak == 2
    assert sum(mean or 0 for mean in sparkline.means) / len(sparkline.means) == pytest.approx(1, abs=0.06)


def test_results_without_boxes_have_an_empty_line(tmp_path: Path) -> None:
    assert load_sparkline(archived(tmp_path, entry(), entry(box(confidence=0.1)))) == Sparkline()


def test_damaged_results_are_reported(tmp_path: Path) -> None:
    folder = archived(tmp_path, entry(box()))
    for path in folder.iterdir():
        path.write_bytes(b"")
    with pytest.raises(ResultsError):
        load_sparkline(folder)
