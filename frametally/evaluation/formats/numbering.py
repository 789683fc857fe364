"""From the frame numbers in labels to frames of the video.

Formats count from 0 or from 1. Each has its own rule, and the numbers themselves may contradict it: a frame 0 cannot be
in a file that counts from 1, and the number of frames in the video cannot be in one that counts from 0. Where nothing
contradicts the rule, it holds, and a note says so if the lowest number is 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from frametally.errors import EvaluationError
from frametally.evaluation.formats.limits import MAX_NUMBER
from frametally.evaluation.truth import Ints

_HASH: Final = re.compile(r"\.rf\.[0-9a-zA-Z]{6,}(?=\.|\Z)")
"""Roboflow's exports add one to each name: `clip_mp4-0030_jpg.rf.0a1b2c.jpg`."""
_ENDING: Final = re.compile(r"(?:[._](?:jpe?g|png|bmp|webp|tiff?|txt|JPE?G|PNG|BMP))+\Z")
_DIGITS: Final = re.compile(r"[0-9]+")


@dataclass(frozen=True)
class Numbering:
    """What is known of the numbers besides the file."""

    first: int | None = None
    """The number of the first frame of the video, 0 or 1; None: by the rule of the format and by the numbers."""
    step: int = 1
    """How many frames of the video lie between two numbers."""
    frames: int | None = None
    """Frames in the video, if known."""


def number_in(name: str) -> int | None:
    """The frame number in the name of a picture: the last digits in it, as in `clip_000030.jpg`; None without any."""
    stem = _ENDING.sub("", _HASH.sub("", re.split(r"[\\/]", name)[-1]))
    groups = _DIGITS.findall(stem)
    return int(groups[-1]) if groups and len(groups[-1]) <= 9 else None


def frames_of(numbers: Ints, rule: int, numbering: Numbering) -> tuple[Ints, list[str]]:
    """(m,) the frame of the video of each number, and notes.

    Args:
        numbers: (m,) as in the file.
        rule: the number of the first frame in this format.
        numbering: what else is known.

    Raises:
        EvaluationError: a number is below the first, or out of range.
    """
    first, notes = (rule, []) if not len(numbers) else _first(numbers, rule, numbering)
    frames = (numbers - first) * numbering.step
    if len(frames) and (frames.min() < 0 or frames.max() > MAX_NUMBER):
        raise EvaluationError(
            f"Frame numbers from {numbers.min()} to {numbers.max()} do not fit a first frame {first}.",
            "Check the labels, --first-frame and --step, or Frame numbers.",
        )
    return frames, notes


def _first(numbers: Ints, rule: int, numbering: Numbering) -> tuple[int, list[str]]:
    low, high = int(numbers.min()), int(numbers.max())
    if numbering.first is not None:
        return numbering.first, []
    if rule == 1 and low == 0:
        return 0, ["The labels have a frame 0, so frames are counted from 0 and not, as this format does, from 1."]
    if rule == 0 and low > 0 and numbering.step == 1 and high == numbering.frames:
        return 1, [f"The labels have a frame {high} of {high}, so frames are counted from 1."]
    if rule == 0 and low == 1:
        return 0, ["The lowest frame number is 1. Frames are counted from 0: if not, --first-frame 1 or Frame numbers."]
    return rule, []


def as_numbers(values: list[int]) -> Ints:
    """(m,) the values; those out of range are caught by `frames_of`."""
    return np.array([min(max(value, -1), MAX_NUMBER + 2) for value in values], dtype=np.int64)
