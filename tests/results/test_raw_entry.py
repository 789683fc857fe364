"""One entry of the original JSON, found by the index, by a scan, and in old gzip archives."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from frametally.errors import ResultsError
from frametally.results import Results, find_original, open_results
from frametally.results.entry_index import INDEX_NAME, index_numbers
from frametally.storage.seekable_zstd import SeekableZstdFile
from tests.support.documents import NAMES, archived, box, document, entry, random_document, written


def expected_entry(content: dict[str, Any], at: int) -> dict[str, Any]:
    return {key: value[at] for key, value in content.items() if isinstance(value, list) and at < len(value)}


def without_index(results: Results) -> Results:
    (results.folder / INDEX_NAME).unlink()
    return results


def with_gzip(results: Results, data: bytes) -> Results:
    """The archive with its original as gzip and without an index, as earlier versions wrote it."""
    original = find_original(results.folder)
    assert original is not None
    original.unlink()
    (results.folder / "results.json.gz").write_bytes(gzip.compress(data, 1))
    return without_index(results)


def test_an_entry_is_returned_as_in_the_file(tmp_path: Path) -> None:
    content = document(entry(box()), None, entry(box("x"), box("y")), note="a word", birds=[None] * 3)
    results = archived(tmp_path, content)
    for at in range(3):
        assert results.raw_entry(at) == expected_entry(content, at)
    assert results.raw_entry(3) == {}


@pytest.mark.parametrize("seed", range(20))
def test_index_scan_and_gzip_return_the_same_entries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr("frametally.results.entry_index._SPACING_BYTES", 300)
    monkeypatch.setattr("frametally.results.entry_index._NUMBER_SPACING_BYTES", 30)
    monkeypatch.setattr("frametally.results.raw_entry._WINDOW_BYTES", 64)
    monkeypatch.setattr("frametally.storage.seekable_zstd.FRAME_BYTES", 777)
    random = Random(seed)
    content = random_document(random)
    data = written(random, content)
    results = archived(tmp_path, data)
    entries = range(len(results.time_s) + 1)
    expected = [expected_entry(content, at) for at in entries]
    assert [results.raw_entry(at) for at in entries] == expected
    assert [without_index(results).raw_entry(at) for at in entries[:1]] == expected[:1]
    archived(tmp_path / "again", data)
    old = with_gzip(open_results(tmp_path / "again" / "job"), data)
    assert [old.raw_entry(at) for at in entries] == expected


def test_an_entry_is_read_without_decompressing_what_precedes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame_bytes = 1 << 20
    monkeypatch.setattr("frametally.storage.seekable_zstd.FRAME_BYTES", frame_bytes)
    content = document(*[entry(*[box(name) for name in NAMES]) for _ in range(8000)])
    results = archived(tmp_path, content)
    size_bytes = (tmp_path / "download.json").stat().st_size
    frames: set[int] = set()
    decompress = SeekableZstdFile._decompress

    def record(file: SeekableZstdFile, frame: int) -> memoryview:
        frames.add(frame)
        return decompress(file, frame)

    monkeypatch.setattr(SeekableZstdFile, "_decompress", record)
    assert results.raw_entry(7500) == expected_entry(content, 7500)
    assert len(frames) <= 4 < size_bytes // frame_bytes - 4


def test_the_last_value_of_a_duplicate_key_counts(tmp_path: Path) -> None:
    text = json.dumps(document(entry(box("old")), None))[:-1] + ', "cars": [null, 7]}'
    results = archived(tmp_path, text.encode())
    assert results.raw_entry(1)["cars"] == 7
    assert without_index(results).raw_entry(1)["cars"] == 7


@pytest.mark.parametrize("damage", [b"", b"not zstd", None])
def test_a_damaged_original_raises(tmp_path: Path, damage: bytes | None) -> None:
    results = archived(tmp_path, document(*[entry(box(str(at))) for at in range(500)]))
    original = find_original(results.folder)
    assert original is not None
    whole = original.read_bytes()
    damaged = [damage] if damage is not None else [whole[:1000], whole[:500] + b"\xff" * 500 + whole[1000:], whole[:-1]]
    for one in damaged:
        original.write_bytes(one)
        with pytest.raises(ResultsError):
            results.raw_entry(499)


def test_a_damaged_index_is_ignored(tmp_path: Path) -> None:
    content = document(entry(box()), entry(box("x")))
    results = archived(tmp_path, content)
    (results.folder / INDEX_NAME).write_bytes(b"{")
    assert results.raw_entry(1) == expected_entry(content, 1)


def test_checkpoints_of_a_list_of_numbers_are_its_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frametally.results.entry_index._NUMBER_SPACING_BYTES", 20)
    raw = json.dumps([at * 3 for at in range(200)]).encode()
    checkpoints = index_numbers(raw, 50)
    assert len(checkpoints.entries) > 20
    for entry_number, offset in zip(checkpoints.entries, checkpoints.offsets_bytes, strict=True):
        assert int(raw[offset - 50 :].split(b",")[0].rstrip(b"]")) == entry_number * 3


def test_an_entry_that_is_not_valid_utf_8_is_shown_with_replacements(tmp_path: Path) -> None:
    """Found by fuzzing."""
    data = json.dumps(document(entry(box(note="VALUE")), entry(box()))).encode().replace(b"VALUE", b"a\xfdb")
    results = archived(tmp_path, data)
    assert results.raw_entry(0)["cars"]["predictions"][0]["note"] == "a\ufffdb"
