"""Several people check the same frame: whose answer counts, and where they disagree.

The newest answer of each person counts as theirs. The answer of the person who checked the frame first is used, so that
a second opinion does not change a number silently; where another person has seen something else, the frame is named.
Who was asked about all classes of a view comes before those who were not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from frametally.analysis.matching import match
from frametally.audit.seen import Group, Seen, boxes_seen, has_boxes, is_about_all, numbers_seen


class Answer(NamedTuple):
    """What one person has seen in the frame at this time."""

    time: int
    checker: str
    seen: Seen


class Agreed(NamedTuple):
    """What is used of a frame."""

    seen: Seen
    disagreeing: tuple[str, ...]
    """Who disagrees, the one whose answer is used first; empty if all agree."""


def agreed(answers: Iterable[Answer], groups: tuple[Group, ...]) -> dict[int, Agreed]:
    """What is used of each frame, by its time.

    Args:
        answers: in the order in which they were begun.
        groups: what each class of the view merges.
    """
    by_time: dict[int, list[Answer]] = {}
    for answer in answers:
        by_time.setdefault(answer.time, []).append(answer)
    return {time: _agreed(same, groups) for time, same in by_time.items()}


def _agreed(answers: list[Answer], groups: tuple[Group, ...]) -> Agreed:
    first, *others = sorted(answers, key=lambda answer: not is_about_all(answer.seen, groups))
    disagreeing = [other.checker for other in others if not is_same(first.seen, other.seen)]
    return Agreed(first.seen, (first.checker, *disagreeing) if disagreeing else ())


def is_same(one: Seen, other: Seen) -> bool:
    """Whether two people have seen the same of the classes that both were asked about."""
    if one.is_unclear or other.is_unclear:
        return one.is_unclear == other.is_unclear
    shared = [group for group in one.groups if group in other.groups]
    if not shared:
        return True
    code = {group: at for at, group in enumerate(shared)}
    places = [np.array([code.get(group, -1) for group in seen.groups], dtype=np.int32) for seen in (one, other)]
    pairs = list(zip((one, other), places, strict=True))
    a, b = (numbers_seen(seen, of_group, len(shared)) for seen, of_group in pairs)
    both_boxed = np.logical_and(*(has_boxes(seen, of_group, len(shared)) for seen, of_group in pairs))
    boxes = [boxes_seen(seen, np.where(both_boxed[of_group], of_group, -1)) for seen, of_group in pairs]
    return bool((a == b).all()) and len(match(*boxes)[0]) == len(boxes[0]) == len(boxes[1])
