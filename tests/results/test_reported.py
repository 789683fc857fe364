"""Results files from public bug reports; the same kinds are tested with generated files in the other modules."""

from __future__ import annotations

from pathlib import Path

import pytest

from frametally.analysis.scores import score_totals
from frametally.analysis.totals import totals
from frametally.analysis.view import View
from frametally.results import Kind, Results
from tests.support.documents import archived


def reported(folder: Path, shared_data: Path, case: str) -> tuple[Results, str]:
    """The results of a case, and the name of its model."""
    (path,) = (shared_data / "reported" / case).glob("*.json")
    results = archived(folder, path.read_bytes())
    (model,) = results.models
    return results, model


def test_unsorted_entries(tmp_path: Path, shared_data: Path) -> None:
    results, model = reported(tmp_path, shared_data, "unsorted_entries")
    (cat,) = totals(View(results, model))
    assert (cat.first_seen_s, cat.last_seen_s) == (0.0, 3.8)
    assert cat.present_s == pytest.approx(4)
    assert "sorted" in results.notes[0]


def test_rle_masks(tmp_path: Path, shared_data: Path) -> None:
    results, model = reported(tmp_path, shared_data, "rle_masks")
    assert (results.models[model].kind, results.notes) == (Kind.SEGMENTATION, [])
    assert sorted(results.polygons(model, 0)[0].tolist()) == [[60, 33], [60, 63], [100, 33], [100, 63]]


@pytest.mark.parametrize(("case", "field"), [("class_id_is_text", "class_id"), ("coco_null_corners", "x")])
def test_boxes_with_one_odd_value_are_counted(tmp_path: Path, shared_data: Path, case: str, field: str) -> None:
    results, model = reported(tmp_path, shared_data, case)
    assert len(results.boxes(model)) == 40
    (note,) = results.notes
    assert note.startswith(f"{model}: {field} is not a")


def test_cli_counts_of_labels(tmp_path: Path, shared_data: Path) -> None:
    (cat,) = score_totals(View(*reported(tmp_path, shared_data, "cli_counts_of_labels")))
    assert (cat.highest, cat.top) == (0.9, 1.0)
    assert cat.mean == pytest.approx(0.9)
