"""The results that commands work with."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from frametally.cli.results.source import model_of, opened
from frametally.config.settings import Settings
from frametally.errors import ResultsError, VideoError
from tests.support.archives import archive_cached
from tests.support.opened_results import box, entry


@pytest.fixture
def results_file(tmp_path: Path) -> Path:
    """Four entries a tenth of a second apart, of which the file says that they are 0.3 s apart."""
    content = {
        "frame_offset": [0, 1, 2, 3],
        "time_offset": [0.0, 0.3, 0.6, 0.9],
        "cars/1": [entry(box("car"))] * 4,
        "moods/1": [{"predictions": [{"class": "calm", "confidence": 0.9}], "top": "calm", "confidence": 0.9}] * 4,
    }
    path = tmp_path / "results.json"
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(Settings.read({}, {}), data_dir=tmp_path / "data")


def test_a_results_file_is_read_and_leaves_nothing(results_file: Path, settings: Settings) -> None:
    with opened(str(results_file), None, settings) as results:
        assert results.time_s.tolist() == [0.0, 0.3, 0.6, 0.9]
        folder = results.folder
        assert model_of(results, None) == "cars/1"
    assert not folder.exists()
    assert [path.name for path in results_file.parent.iterdir()] == ["results.json"]


def test_the_results_of_a_job_are_found_by_its_id(results_file: Path, settings: Settings) -> None:
    archive_cached(results_file, settings.results_dir / "j1")
    with opened("j1", None, settings) as results:
        assert results.folder == settings.results_dir / "j1"
    for reference in ("j2", "../results/j1", str(settings.results_dir / "j1")):
        with pytest.raises(ResultsError, match="There is no job or file"), opened(reference, None, settings):
            pass


def test_times_are_those_of_the_frames_of_the_video(results_file: Path, settings: Settings, hard_videos: Path) -> None:
    with opened(str(results_file), hard_videos / "variable.mp4", settings) as results:
        assert results.frame_index.tolist() == [0, 1, 2, 3]
        assert results.time_s == pytest.approx([0.0, 0.033, 0.066, 0.099])
    with opened(str(results_file), hard_videos / "one.mp4", settings) as results:
        assert results.time_s == pytest.approx([0.0, 0.3, 0.6, 0.9])
    with pytest.raises(VideoError, match="File not found"), opened("j1", hard_videos / "gone.mp4", settings):
        pass


def test_only_models_with_boxes_can_be_chosen(results_file: Path, settings: Settings) -> None:
    with opened(str(results_file), None, settings) as results:
        with pytest.raises(ResultsError, match="no model birds"):
            model_of(results, "birds")
        with pytest.raises(ResultsError, match="moods/1 have no boxes"):
            model_of(results, "moods/1")
