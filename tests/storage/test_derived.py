"""Derived files: their names, and when they are removed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from frametally.analysis.view_spec import ViewSpec
from frametally.errors import ResultsError
from frametally.results.manifest import delete_manifest
from frametally.storage.derived import (
    derived_bytes,
    derived_files,
    derived_path,
    make_derived_folder,
    remove_old_exports,
    remove_older_than,
)
from tests.support.documents import archived, box, document, entry


def write(path: Path, size_bytes: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size_bytes))
    return path


def test_equal_settings_give_one_path_and_others_another(tmp_path: Path) -> None:
    spec = ViewSpec(job_ids=("j",), model="m")
    path = derived_path(tmp_path, "counts", spec, "csv")
    assert path.parent == tmp_path / "derived"
    assert path == derived_path(tmp_path, "counts", ViewSpec(job_ids=("j",), model="m"), "csv")
    assert path.name == "counts-ecacdbbb42f47bd29a99c2e0.csv"  # stable across processes and versions
    assert path != derived_path(tmp_path, "counts", ViewSpec(job_ids=("j",), model="n"), "csv")


def test_results_that_are_gone_get_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ResultsError):
        make_derived_folder(tmp_path / "gone")
    assert make_derived_folder(tmp_path) == make_derived_folder(tmp_path)


def test_old_files_of_the_given_kinds_are_removed(tmp_path: Path) -> None:
    paths = [write(tmp_path / "a" / "derived" / name, 10) for name in ("counts-1.csv", "video-1.mp4")]
    new = write(tmp_path / "b" / "derived" / "counts-2.csv", 10)
    for path in paths:
        os.utime(path, (1000, 1000))
    assert derived_bytes(tmp_path) == 30
    remove_older_than(tmp_path, ["counts", "boxes"], before=2000)
    assert sorted(derived_files(tmp_path, "*")) == [paths[1], new]


def test_results_that_are_ingested_again_lose_their_derived_files(tmp_path: Path) -> None:
    results = archived(tmp_path, document(entry(box())))
    derived = write(derived_path(results.folder, "video", 1, "mp4"))
    delete_manifest(results.folder)
    again = archived(tmp_path, document(entry(box())))
    assert again.folder == results.folder
    assert not derived.exists()


def test_the_exports_of_earlier_versions_are_removed(tmp_path: Path) -> None:
    write(tmp_path / "exports" / "tables" / "job-1.counts.csv")
    kept = write(tmp_path / "results" / "job-1" / "file")
    remove_old_exports(tmp_path)
    remove_old_exports(tmp_path)
    assert list(tmp_path.rglob("*")) == [tmp_path / "results", kept.parent, kept]
