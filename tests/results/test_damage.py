"""Damaged and missing tables beside an intact original are rebuilt; what cannot be rebuilt says why."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from frametally.errors import ResultsError
from frametally.results import Results, open_results, rebuild
from tests.support.documents import archived, box, document, entry, read_back
from tests.support.soak import shortened

TABLES = ("boxes.parquet", "frames.parquet", "polygons.parquet", "cube-0.npy", "cube-0.npz")


def make_archive(folder: Path) -> Results:
    outline = [{"x": 1, "y": 2}, {"x": 3, "y": 4}, {"x": 5, "y": 0}]
    return archived(folder, document(*[entry(box(points=outline), box("dog", 0.5)), None, entry()] * 50))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def flip(path: Path) -> None:
    """Change one byte of the content, with the same size and time."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if path.suffix == ".npy" else 40] ^= 0x10
    path.write_bytes(data)


def replace(path: Path) -> None:
    path.write_bytes(b"PAR1 no more")


DAMAGE: list[Callable[[Path], None]] = [Path.unlink, truncate, flip, replace]


EVERY = [(name, harm) for name in TABLES for harm in DAMAGE]
SHORT = [EVERY[at] for at in range(0, len(EVERY), len(DAMAGE) + 1)] + EVERY[-2:-1]
"""Each table once and each damage once."""


@pytest.mark.parametrize(("name", "harm"), shortened(EVERY, SHORT))
def test_damaged_tables_are_rebuilt_from_the_original(
    reading_in_this_process: None, tmp_path: Path, name: str, harm: Callable[[Path], None]
) -> None:
    expected = read_all(make_archive(tmp_path))
    harm(tmp_path / "job" / name)
    assert read_all(open_results(tmp_path / "job")) == expected
    assert read_all(open_results(tmp_path / "job")) == expected


def read_all(results: Results) -> dict[str, Any]:
    cube = results.cube("cars")
    assert cube is not None
    return {**read_back(results), "counts": cube.counts.tolist(), "peak": cube.peak.tolist()}


def test_results_that_are_open_already_read_the_rebuilt_tables(reading_in_this_process: None, tmp_path: Path) -> None:
    results = make_archive(tmp_path)
    expected = results.boxes("cars").entry.tolist()
    for _ in range(2):
        flip(tmp_path / "job" / "boxes.parquet")
        results = open_results(tmp_path / "job")
        assert results.boxes("cars").entry.tolist() == expected
    flip(tmp_path / "job" / "boxes.parquet")
    pieces = list(open_results(tmp_path / "job").confidence_pieces("cars"))
    assert [one for piece in pieces for one in piece[0].tolist()] == expected


def test_damaged_tables_without_an_intact_original_are_an_error(tmp_path: Path) -> None:
    make_archive(tmp_path)
    (tmp_path / "job" / "boxes.parquet").unlink()
    (tmp_path / "job" / "results.json.zst").write_bytes(b"gone")
    with pytest.raises(ResultsError, match="damaged"):
        open_results(tmp_path / "job")


def test_a_rebuild_that_cannot_be_written_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_archive(tmp_path)
    (tmp_path / "job" / "boxes.parquet").unlink()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space")

    with monkeypatch.context() as during:
        during.setattr(rebuild, "copy_original", full)
        with pytest.raises(ResultsError, match="could not be rebuilt: no space left") as failed:
            open_results(tmp_path / "job")
    assert "Run the job again" not in str(failed.value)
    assert len(open_results(tmp_path / "job").boxes("cars")) == 100


def test_tables_that_stay_unreadable_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = make_archive(tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise OSError("unreadable")

    monkeypatch.setattr("frametally.results.reader.read_rows", fail)
    with pytest.raises(ResultsError, match="damaged"):
        results.boxes("cars")
    monkeypatch.setattr("frametally.results.reader.read_pieces", fail)
    with pytest.raises(ResultsError, match="damaged"):
        list(results.confidence_pieces("cars"))


def test_tables_of_the_earlier_version_open_without_their_original(tmp_path: Path) -> None:
    expected = read_back(make_archive(tmp_path))
    manifest = json.loads((tmp_path / "job" / "notes.json").read_bytes())
    del manifest["files"], manifest["notes"]
    (tmp_path / "job" / "notes.json").write_bytes(msgspec.json.encode({**manifest, "version": 2}))
    (tmp_path / "job" / "results.json.zst").unlink()
    assert read_back(open_results(tmp_path / "job")) == expected
