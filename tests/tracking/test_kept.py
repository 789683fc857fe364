"""Kept tracks: made once per model and settings, read back as they were, made again when damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from frametally.errors import ResultsError
from frametally.results import Results
from frametally.storage.derived import remove_derived
from frametally.tracking.kept import find_tracks, kept_tracks
from frametally.tracking.settings import TrackerSettings
from tests.support.opened_results import opened
from tests.tracking.test_tracker import crowd, same


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return opened(tmp_path, m=crowd(1), n=crowd(2))


def files(results: Results) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (results.folder / "derived").iterdir()}


def test_tracks_are_read_back_as_they_were_made(results: Results) -> None:
    made = kept_tracks(results, "m")
    content = files(results)
    assert len(made) > 100
    assert same(kept_tracks(results, "m"), made)
    assert files(results) == content


def test_the_same_results_give_the_same_bytes(results: Results) -> None:
    kept_tracks(results, "m")
    content = files(results)
    remove_derived(results.folder)
    kept_tracks(results, "m")
    assert files(results) == content


def test_each_model_and_each_setting_has_its_own_file(results: Results) -> None:
    kept_tracks(results, "m")
    kept_tracks(results, "n")
    kept_tracks(results, "m", TrackerSettings(buffer_s=0.1))
    assert len(files(results)) == 3
    assert not same(kept_tracks(results, "m"), kept_tracks(results, "n"))


def test_tracks_are_found_only_if_they_were_made(results: Results) -> None:
    assert find_tracks(results, "m") is None
    made = kept_tracks(results, "m")
    found = find_tracks(results, "m")
    assert found is not None
    assert same(found, made)
    assert find_tracks(results, "m", TrackerSettings(buffer_s=3)) is None


def test_a_damaged_file_is_made_again(results: Results) -> None:
    made = kept_tracks(results, "m")
    (path,) = (results.folder / "derived").iterdir()
    content = path.read_bytes()
    for damage in (b"", content[:-9], content[:200] + bytes(40) + content[240:]):
        path.write_bytes(damage)
        assert same(kept_tracks(results, "m"), made)
        assert path.read_bytes() == content


def test_results_that_no_longer_exist_are_an_error(results: Results, tmp_path: Path) -> None:
    kept = results.folder.rename(tmp_path / "elsewhere")
    with pytest.raises(ResultsError):
        kept_tracks(results, "m")
    kept.rename(results.folder)
