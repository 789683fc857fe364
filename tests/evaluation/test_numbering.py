"""Frame numbers from 0 and from 1."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from frametally.errors import EvaluationError
from frametally.evaluation.formats.numbering import Numbering, frames_of, number_in
from frametally.evaluation.reading import read_truth


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("frame_000030.PNG", 30),
        ("clip_mp4-0030_jpg.rf.0a1b2c3d4e.jpg", 30),
        ("images\\train/0007.jpeg", 7),
        ("take2_frame12", 12),
        ("shot.jpg", None),
        ("20261128121314.jpg", None),
    ],
)
def test_the_number_in_a_name(name: str, number: int | None) -> None:
    assert number_in(name) == number


@pytest.mark.parametrize(
    ("numbers", "rule", "numbering", "frames", "note"),
    [
        ([0, 5], 0, Numbering(), [0, 5], ""),
        ([1, 6], 0, Numbering(), [1, 6], "The lowest frame number is 1."),
        ([1, 2, 3], 0, Numbering(frames=3), [0, 1, 2], "counted from 1"),
        ([1, 2, 3], 0, Numbering(frames=9), [1, 2, 3], "The lowest frame number is 1."),
        ([1, 2], 0, Numbering(first=1, step=6), [0, 6], ""),
        ([1, 6], 1, Numbering(), [0, 5], ""),
        ([0, 6], 1, Numbering(), [0, 6], "counted from 0"),
    ],
)
def test_frames_are_counted_as_the_format_does_unless_the_numbers_contradict(
    numbers: list[int], rule: int, numbering: Numbering, frames: list[int], note: str
) -> None:
    found, notes = frames_of(np.array(numbers), rule, numbering)
    assert found.tolist() == frames
    assert note in " ".join(notes)
    assert bool(notes) == bool(note)


def test_a_number_below_the_first_is_refused() -> None:
    with pytest.raises(EvaluationError, match="do not fit a first frame 1"):
        frames_of(np.array([0, 3]), 0, Numbering(first=1))


def test_mot_text_from_0_with_a_sequence(tmp_path: Path) -> None:
    (tmp_path / "seqinfo.ini").write_text("[Sequence]\nseqLength=3\n")
    (tmp_path / "gt.txt").write_text("0,1,5,5,10,10,1,1,1\n2,1,5,5,10,10,0,1,1\n")
    truth = read_truth(tmp_path)
    assert truth.frames.tolist() == [0, 1, 2]
    assert truth.counts.tolist() == [[1], [0], [0]]
    assert truth.classes == ("1",)
