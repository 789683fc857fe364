"""What `frametally run` prints: counts, probabilities, notes, and the reason if nothing can be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from frametally.cli.results_table import print_results
from tests.support.documents import archived, box, document, entry


def printed(folder: Path, capsys: pytest.CaptureFixture[str], content: object) -> tuple[list[list[str]], str]:
    """The lines of stdout as words, and stderr."""
    print_results(archived(folder, content), 0.25)
    captured = capsys.readouterr()
    return [line.split() for line in captured.out.splitlines()], captured.err


def labels(**scores: float) -> dict[str, Any]:
    found = [{"class": name, "class_id": 0, "confidence": score} for name, score in scores.items()]
    return {"top": "cat", "confidence": 0.9, "predictions": found}


def test_boxes_are_printed_as_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines, errors = printed(tmp_path, capsys, document(entry(box(), box()), None, entry(box("car", 0.1))))
    assert lines[0] == ["cars:", "2", "of", "3", "frames", "analyzed,", "confidence", ">=", "0.25"]
    assert lines[2] == ["car", "1.00", "2", "50%"]
    assert errors == ""


def test_a_classification_is_printed_as_probabilities(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = document(labels(cat=0.9), None, labels(cat=0.5, dog=0.7), labels(cat=0.1))
    lines, errors = printed(tmp_path, capsys, content)
    assert lines[0] == ["cars:", "3", "of", "4", "frames", "analyzed,", "classification"]
    assert lines[2:] == [["cat", "50.0%", "90.0%", "67%"], ["dog", "23.3%", "70.0%", "33%"]]
    assert errors == ""


def test_several_labels_are_printed_as_probabilities(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines, _ = printed(tmp_path, capsys, document({"predictions": {"cat": {"confidence": 0.5}}}))
    assert lines[2:] == [["cat", "50.0%", "50.0%", "100%"]]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (document(entry({"x": 1, "y": 2, "width": 3, "height": 4})), "Object missing required field `class`"),
        (document(None, None), "the service returned no result for any frame"),
        ({"frame_offset": [0], "time_offset": [0], "cars": ["?"]}, "cars: results of this type cannot be read"),
        (document(), "The results contain no frames."),
    ],
)
def test_the_reason_is_printed_if_nothing_can_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: object, reason: str
) -> None:
    assert reason in printed(tmp_path, capsys, content)[1]


def test_notes_are_printed_to_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, errors = printed(tmp_path, capsys, document(entry(box(class_id="cat"))))
    assert errors == "cars: class_id is not a whole number and is ignored (in frame 0 at 0.00 s).\n"
