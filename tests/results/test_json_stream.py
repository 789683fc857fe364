"""The windowed reader compared with `json.loads`, with windows so small that they end at any byte of an entry."""

from __future__ import annotations

import io
import json
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from frametally.errors import ResultsError
from frametally.results.json_stream import Document
from tests.support.documents import (
    NAMES,
    archived,
    box,
    document,
    entry,
    random_document,
    random_entries,
    read_back,
    read_plainly,
    windowed,
    written,
)
from tests.support.soak import iterations

WINDOWS = (64, 100, 333, 1024, 4096, 1 << 20)


def test_every_window_size_reads_the_same_as_json(tmp_path: Path) -> None:
    for seed in range(iterations(25)):
        random = Random(seed)
        content = random_document(random)
        data = written(random, content)
        for window_bytes in random.sample(WINDOWS, 2):
            read = read_back(windowed(tmp_path / f"{seed}-{window_bytes}", data, window_bytes))
            assert read == read_plainly(content), seed


def entries_through(data: bytes, window_bytes: int) -> dict[str, Any]:
    """The content as `json.loads` returns it, read with the windowed reader."""
    found: dict[str, Any] = {}
    reader = Document(io.BytesIO(data), window_bytes)
    for key in reader.keys():  # noqa: SIM118
        if not reader.at_array():
            found[key] = json.loads(reader.value())
            continue
        reader.enter_array()
        found[key] = [
            one for batch in reader.batches(msgspec.json.Decoder(list[Any]).decode, json.loads) for one in batch
        ]
    return found


@pytest.mark.parametrize("window_bytes", [64, 65, 127, 256, 1000, 4096])
def test_batches_are_cut_at_the_ends_of_entries(window_bytes: int) -> None:
    random = Random(window_bytes)
    for _ in range(iterations(300)):
        names = random.sample(NAMES, random.randint(0, 3))
        content = {name: random_entries(random, random.choice([0, 1, 3, 40])) for name in names}
        assert entries_through(written(random, content), window_bytes) == content


@pytest.mark.parametrize("window_bytes", [64, 200, 4096])
def test_invalid_json_is_rejected(window_bytes: int) -> None:
    random = Random(window_bytes)
    refused = 0
    for _ in range(iterations(500)):
        whole = written(random, {"a": random_entries(random, 8), "b": random_entries(random, 3)}).decode("utf-8-sig")
        at = random.randrange(len(whole))
        damaged = random.choice(
            [
                whole[:at],
                whole[:at] + whole[at + 1 :],
                whole[:at] + random.choice('{}[],:"x0\\') + whole[at:],
                whole.rstrip() + random.choice(["x", "}", ",", "{}", "null"]),
            ]
        )
        try:
            expected: Any = json.loads(damaged)
        except ValueError:
            expected = None
        if not isinstance(expected, dict):
            refused += 1
            with pytest.raises(ResultsError, match="not a JSON object"):
                entries_through(damaged.encode(), window_bytes)
        else:
            assert entries_through(damaged.encode(), window_bytes) == expected
    assert refused > 200


@pytest.mark.parametrize("window_bytes", [64, 4096])
def test_long_runs_of_nulls_are_counted(tmp_path: Path, window_bytes: int) -> None:
    entries = [None] * 10_000 + [entry(box())] + [None] * 10_000
    results = windowed(tmp_path, json.dumps(document(*entries)).encode(), window_bytes)
    assert results.models["cars"].analyzed.sum() == 1
    assert results.boxes("cars").entry.tolist() == [10_000]


def test_an_entry_larger_than_the_window_is_read_whole(tmp_path: Path) -> None:
    boxes = [box(NAMES[at % len(NAMES)]) for at in range(500)]
    results = windowed(tmp_path, json.dumps(document(entry(), entry(*boxes), None, entry())).encode(), 256)
    assert len(results.boxes("cars", 1, 2)) == 500


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("window_bytes", [64, 4096])
def test_nan_and_infinity_are_tolerated(tmp_path: Path, word: str, window_bytes: int) -> None:
    content = json.dumps(document(entry(box()), entry(box("odd", 0.5, extra="WORD")), None, entry(box()), more="WORD"))
    results = windowed(tmp_path, content.replace('"WORD"', word).encode(), window_bytes)
    assert results.boxes("cars").entry.tolist() == [0, 1, 3]
    assert (results.models["cars"].mismatched, results.unknown_keys) == (0, ("more",))


def test_a_nan_confidence_is_not_counted(tmp_path: Path) -> None:
    results = archived(tmp_path, document(entry(box("car", float("nan")), box("car", 0.5))))
    cube = results.cube("cars")
    assert cube is not None
    assert cube.counts[0].tolist() == [[1]]
    assert len(results.boxes("cars")) == 2


def test_a_lone_surrogate_affects_its_entry_only(tmp_path: Path) -> None:
    results = archived(tmp_path, document(entry(box()), entry(box("\ud83d")), entry(box("x")), note="\ud83d"))
    assert results.models["cars"].analyzed.tolist() == [True, False, True]
    assert results.models["cars"].mismatched == 1
    assert results.unknown_keys == ("note",)


def test_the_last_of_duplicate_keys_counts(tmp_path: Path) -> None:
    text = (
        json.dumps(document(entry(box("old")), None))[:-1] + ', "cars": [null, ' + json.dumps(entry(box("new"))) + "]}"
    )
    results = windowed(tmp_path, text.encode(), 64)
    assert results.models["cars"].classes == ("new",)
    assert results.boxes("cars").entry.tolist() == [1]
    gone = text[:-1] + ', "cars": "nothing"}'
    assert windowed(tmp_path / "gone", gone.encode(), 64).unknown_keys == ("cars",)


def test_the_singular_offset_key_has_priority(tmp_path: Path) -> None:
    content = {**document(None), "frame_offsets": [1, 2, 3]}
    assert archived(tmp_path, content).frame_index.tolist() == [0]
