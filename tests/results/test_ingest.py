"""Results JSON converted to tables: boxes, frames, classes and row groups."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from frametally.errors import ResultsError
from frametally.results import ingest, open_results
from tests.support.documents import archived, box, document, entry
from tests.support.source_tree import ROOT


def test_a_null_entry_is_not_an_entry_without_detections(tmp_path: Path) -> None:
    results = archived(tmp_path, document(entry(box()), None, entry()))
    cars = results.models["cars"]
    assert cars.analyzed.tolist() == [True, False, True]
    assert results.boxes("cars").entry.tolist() == [0]
    assert np.isnan(cars.image_wh[1]).all()
    assert cars.image_wh[[0, 2]].tolist() == [[320, 240], [320, 240]]


@pytest.mark.parametrize("plural", ["", "s"])
def test_singular_and_plural_offset_keys_are_read(tmp_path: Path, plural: str) -> None:
    content = {f"frame_offset{plural}": [0, 6], f"time_offset{plural}": [0, 0.25], "cars": [None, None]}
    results = archived(tmp_path, content)
    assert (results.frame_index.tolist(), results.time_s.tolist()) == ([0, 6], [0, 0.25])
    assert (list(results.models), results.unknown_keys) == (["cars"], ())


def test_boxes_are_corners_in_the_order_of_the_entries(tmp_path: Path) -> None:
    content = document(entry(box("b", 0.5), box("a", 0.25, class_id=7)), entry(box("b", 1)))
    results = archived(tmp_path, content)
    boxes = results.boxes("cars")
    assert boxes.xyxy.tolist() == [[8, 17, 12, 23]] * 3
    assert boxes.entry.tolist() == [0, 0, 1]
    assert [results.models["cars"].classes[code] for code in boxes.class_code] == ["b", "a", "b"]
    assert boxes.class_id.tolist() == [-1, 7, -1]
    assert boxes.confidence.tolist() == [0.5, 0.25, 1.0]
    assert boxes.tracker_id is None


def test_rows_of_several_models_are_not_mixed(tmp_path: Path) -> None:
    results = archived(tmp_path, document(entry(box()), None, birds=[None, entry(box("bird"), box("bird"))]))
    assert {model: len(results.boxes(model)) for model in results.models} == {"cars": 1, "birds": 2}
    assert results.models["birds"].analyzed.tolist() == [False, True]
    assert results.models["birds"].classes == ("bird",)


@pytest.mark.parametrize(("start", "stop"), [(0, None), (0, 0), (3, 4), (1, 400), (399, None), (250, 260), (500, 600)])
def test_a_range_of_entries_returns_the_boxes_of_that_range(tmp_path: Path, start: int, stop: int | None) -> None:
    entries = [entry(*[box(confidence=at / 400)] * (at % 3)) if at % 7 else None for at in range(400)]
    results = archived(tmp_path, document(*entries, birds=entries[::-1]))
    whole, part = results.boxes("cars"), results.boxes("cars", start, stop)
    inside = (whole.entry >= start) & (whole.entry < (400 if stop is None else stop))
    assert part.entry.tolist() == whole.entry[inside].tolist()
    assert part.confidence.tolist() == whole.confidence[inside].tolist()


def test_a_range_is_read_across_many_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frametally.results.tables._ROW_GROUP_BYTES", 1000)
    entries = [entry(box(str(at % 5)), box()) for at in range(1000)]
    (tmp_path / "download.json").write_text(json.dumps(document(*entries)))
    ingest.write_tables(tmp_path / "download.json", tmp_path, 4096)
    assert pq.ParquetFile(tmp_path / "boxes.parquet").num_row_groups > 20
    results = open_results(tmp_path)
    assert len(results.boxes("cars")) == 2000
    assert results.boxes("cars", 500, 503).entry.tolist() == [500, 500, 501, 501, 502, 502]


@pytest.mark.parametrize("name", ["", "Größe", "a,b", '"quoted"', "line\nbreak", "=1+1", "车", "1"])
def test_unusual_class_names_round_trip(tmp_path: Path, name: str) -> None:
    assert archived(tmp_path, document(entry(box(name)))).models["cars"].classes == (name,)


def test_classes_with_equal_names_are_merged(tmp_path: Path) -> None:
    results = archived(tmp_path, document(entry(box("car", class_id=0), box("car", class_id=1))))
    assert results.models["cars"].classes == ("car",)
    assert results.boxes("cars").class_id.tolist() == [0, 1]


@pytest.mark.parametrize("entries", [(), (None, None), (entry(), entry())])
def test_results_without_detections_open(tmp_path: Path, entries: tuple[object, ...]) -> None:
    results = archived(tmp_path, document(*entries))
    cars, boxes = results.models["cars"], results.boxes("cars")
    assert (len(results.time_s), len(cars.analyzed), len(boxes), cars.classes) == (len(entries),) * 2 + (0, ())
    assert boxes.xyxy.shape == (0, 4)


def test_results_without_models_have_their_frames(tmp_path: Path) -> None:
    results = archived(tmp_path, {"frame_offset": [0, 6], "time_offset": [0, 0.25]})
    assert (results.models, results.frame_index.tolist()) == ({}, [0, 6])


def test_opening_a_missing_archive_raises(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="Run the job again"):
        open_results(tmp_path / "none")


def test_well_formed_results_are_read_without_slow_imports(tmp_path: Path) -> None:
    (tmp_path / "download.json").write_text(json.dumps(document(entry(box()), None)))
    script = "import sys\nfrom pathlib import Path\nfrom frametally.results import archive_results\n"
    script += "archive_results(Path(sys.argv[1]), Path(sys.argv[2]))\n"
    script += "print([name for name in ('pandas', 'cv2', 'supervision') if name in sys.modules])"
    command = [sys.executable, "-c", script, str(tmp_path / "download.json"), str(tmp_path / "job")]
    assert subprocess.check_output(command, cwd=ROOT, text=True) == "[]\n"
