"""Exported tables, read back and compared with plain loops."""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from frametally.analysis import view as view_module
from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.view import View
from frametally.errors import ResultsError
from frametally.exports.tables import (
    write_boxes_csv,
    write_boxes_parquet,
    write_counts_csv,
    write_counts_parquet,
)
from tests.support.opened_results import Entry, box, entry, opened, random_entries

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "'quoted"]
ODD_NAMES = ["a,b", 'say "hi"', "two\nlines", "", "Größe", "null", "1"]
WRITERS = [write_boxes_csv, write_boxes_parquet, write_counts_csv, write_counts_parquet]


def read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def test_a_csv_starts_with_a_byte_order_mark_so_that_excel_reads_utf_8(tmp_path: Path) -> None:
    view = View(opened(tmp_path, m=[entry(box("Größe"))]), "m")
    for write in (write_boxes_csv, write_counts_csv):
        write(view, tmp_path / "table.csv")
        data = (tmp_path / "table.csv").read_bytes()
        assert data.startswith(codecs.BOM_UTF8)
        assert data.count(codecs.BOM_UTF8) == 1
        assert "Größe" in data.decode("utf-8-sig")


def unescaped(text: str) -> str:
    return text.removeprefix("'")


@pytest.fixture
def frames() -> list[Entry]:
    return random_entries(11, 60)


def boxes_in_view(frames: list[Entry], view: View) -> list[tuple[int, str, float]]:
    first, stop = view.entries.start, view.entries.stop
    return [
        (at * 6, view.classes.name_of(found["class"]), found["confidence"])
        for at, frame in enumerate(frames)
        if frame and first <= at < stop
        for found in frame["predictions"]
        if found["confidence"] >= view.confidence
        and (view.classes.shown is None or view.classes.name_of(found["class"]) in view.classes.shown)
    ]


VIEWS: list[dict[str, Any]] = [
    {},
    {"confidence": 0.5},
    {"confidence": 0.25, "classes": ClassMapping.parse("a>vehicle,b>vehicle")},
    {"classes": ClassMapping.parse("a>b", shown=("b",)), "time_range_s": (2.0, 7.0)},
    {"time_range_s": (99.0, 100.0)},
]


@pytest.mark.parametrize("filters", VIEWS)
def test_boxes_are_those_of_the_view(
    tmp_path: Path, frames: list[Entry], filters: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_module, "CHUNK_ENTRIES", 13)
    view = View(opened(tmp_path, m=frames), "m", **filters)
    write_boxes_csv(view, tmp_path / "boxes.csv")
    write_boxes_parquet(view, tmp_path / "boxes.parquet")
    expected = boxes_in_view(frames, view)
    rows = pq.read_table(tmp_path / "boxes.parquet").to_pylist()
    assert [(row["frame_index"], row["class"], row["confidence"]) for row in rows] == expected
    text = read_csv(tmp_path / "boxes.csv")
    assert [(int(row["frame_index"]), row["class"], float(row["confidence"])) for row in text] == expected
    for row, same in zip(rows, text, strict=True):
        assert {name: _cell(value) for name, value in row.items()} == same


@pytest.mark.parametrize("filters", VIEWS)
def test_counts_are_those_of_the_view_and_empty_for_unknown_frames(
    tmp_path: Path, frames: list[Entry], filters: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_module, "CHUNK_ENTRIES", 13)
    view = View(opened(tmp_path, m=frames), "m", **filters)
    write_counts_csv(view, tmp_path / "counts.csv")
    write_counts_parquet(view, tmp_path / "counts.parquet")
    seen = [(frame, name) for frame, name, _ in boxes_in_view(frames, view)]
    rows = pq.read_table(tmp_path / "counts.parquet").to_pylist()
    assert [row["frame_index"] for row in rows] == [at * 6 for at in view.entries]
    for at, row in zip(view.entries, rows, strict=True):
        counted = [seen.count((at * 6, name)) if frames[at] else None for name in view.names]
        assert list(row.values())[2:] == counted
    text = [list(row.values()) for row in read_csv(tmp_path / "counts.csv")]
    assert text == [[_cell(value) for value in row.values()] for row in rows]


def _cell(value: float | str | None) -> str:
    return "" if value is None else value if isinstance(value, str) else f"{value:g}"


def test_box_rows_have_frame_time_class_and_corners(tmp_path: Path) -> None:
    frames = [None, entry(box("car", 0.75, (50, 60, 20, 10), class_id=2, tracker_id=7), box("dog", 0.5))]
    view = View(opened(tmp_path, m=frames), "m")
    write_boxes_csv(view, tmp_path / "boxes.csv")
    car, dog = read_csv(tmp_path / "boxes.csv")
    assert car == {
        "frame_index": "6",
        "time_s": "0.2",
        "class": "car",
        "class_id": "2",
        "confidence": "0.75",
        "x_min_px": "40",
        "y_min_px": "55",
        "x_max_px": "60",
        "y_max_px": "65",
        "tracker_id": "7",
    }
    assert (dog["class_id"], dog["tracker_id"]) == ("", "")


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas_are_escaped(tmp_path: Path, name: str) -> None:
    view = View(opened(tmp_path, m=[entry(box(name, tracker_id=name))]), "m")
    for write in (write_boxes_csv, write_counts_csv):
        write(view, tmp_path / f"{write.__name__}.csv")
    row = read_csv(tmp_path / "write_boxes_csv.csv")[0]
    assert (row["class"], row["tracker_id"]) == (f"'{name}", f"'{name}")
    assert unescaped(list(read_csv(tmp_path / "write_counts_csv.csv")[0])[2]) == name


@pytest.mark.parametrize("name", [*FORMULAS, *ODD_NAMES])
def test_any_name_can_be_read_back(tmp_path: Path, name: str) -> None:
    view = View(opened(tmp_path, m=[entry(box(name), box(name)), None]), "m")
    for write in WRITERS:
        write(view, tmp_path / write.__name__)
    assert unescaped(read_csv(tmp_path / "write_boxes_csv")[0]["class"]) == name
    assert pq.read_table(tmp_path / "write_boxes_parquet")["class"].to_pylist() == [name] * 2
    assert [unescaped(text) for text in list(read_csv(tmp_path / "write_counts_csv")[0])[2:]] == [name]
    assert pq.read_table(tmp_path / "write_counts_parquet")[name].to_pylist() == [2, None]


def test_numbers_are_not_escaped(tmp_path: Path) -> None:
    view = View(opened(tmp_path, m=[entry(box("car", xywh=(0, 0, 20, 20)))]), "m")
    write_boxes_csv(view, tmp_path / "boxes.csv")
    assert read_csv(tmp_path / "boxes.csv")[0]["x_min_px"] == "-10"


def test_a_class_may_have_the_name_of_a_column(tmp_path: Path) -> None:
    view = View(opened(tmp_path, m=[entry(box("time_s"), box("time_s (class)"), box("frame_index"))]), "m")
    write_counts_parquet(view, tmp_path / "counts.parquet")
    table = pq.read_table(tmp_path / "counts.parquet")
    assert len(set(table.column_names)) == 5
    assert table.column_names[:2] == ["frame_index", "time_s"]


@pytest.mark.parametrize("write", WRITERS)
def test_files_are_written_atomically(tmp_path: Path, write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_module, "CHUNK_ENTRIES", 2)
    view = View(opened(tmp_path, m=random_entries(1, 9)), "m")
    folder = tmp_path / "exports"
    folder.mkdir()
    path = folder / "file"
    path.write_text("previous content")

    def stop(done: float) -> None:
        if done > 0.4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(view, path, stop)
    assert [(file.name, file.read_text()) for file in folder.iterdir()] == [("file", "previous content")]
    shares: list[float] = []
    write(view, path, shares.append)
    assert shares == [2 / 9, 4 / 9, 6 / 9, 8 / 9, 1.0]
    assert [file.name for file in folder.iterdir()] == ["file"]


@pytest.mark.parametrize("write", WRITERS)
def test_results_without_boxes_are_an_error(tmp_path: Path, write: Any) -> None:
    view = View(opened(tmp_path, clip=[{"embeddings": [[1.0, 0.0]]}]), "clip")
    with pytest.raises(ResultsError, match="JSON"):
        write(view, tmp_path / "file")
    assert not (tmp_path / "file").exists()


def test_damaged_frames_are_marked_in_both_tables_and_only_where_there_are_some(tmp_path: Path) -> None:
    results = opened(tmp_path, m=[entry(box("car")), entry(box("car")), None])
    write_counts_csv(View(results, "m"), tmp_path / "intact.csv")
    assert "damaged" not in read_csv(tmp_path / "intact.csv")[0]
    view = View(replace(results, damaged=np.array([False, True, True])), "m")
    write_counts_csv(view, tmp_path / "counts.csv")
    assert [row["damaged"] for row in read_csv(tmp_path / "counts.csv")] == ["false", "true", "true"]
    write_boxes_parquet(view, tmp_path / "boxes.parquet")
    assert [row["damaged"] for row in pq.read_table(tmp_path / "boxes.parquet").to_pylist()] == [False, True]
