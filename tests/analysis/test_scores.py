"""Metrics of classifications, against a plain loop."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from frametally.analysis import view as view_module
from frametally.analysis.scores import score_totals
from frametally.analysis.view import View
from tests.support.opened_results import opened


def test_scores_are_those_of_a_plain_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_module, "CHUNK_ENTRIES", 7)
    random = Random(5)
    rows = [None if random.random() < 0.2 else {name: random.random() for name in "ab"} for _ in range(40)]
    entries = [
        None if row is None else {"predictions": {name: {"confidence": score} for name, score in row.items()}}
        for row in rows
    ]
    known = [row for row in rows if row]
    for found in score_totals(View(opened(tmp_path, m=entries), "m")):
        scores = [row[found.class_name] for row in known]
        assert found.mean == pytest.approx(sum(scores) / len(known))
        assert found.highest == max(scores)
        best = sum(row[found.class_name] == max(row.values()) for row in known)
        assert found.top == pytest.approx(best / len(known))


def test_there_are_no_metrics_without_an_analyzed_frame(tmp_path: Path) -> None:
    assert score_totals(View(opened(tmp_path, m=[None, None]), "m")) == []
