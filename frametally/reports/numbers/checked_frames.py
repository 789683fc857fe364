"""What a brief states of the frames that people have checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from frametally.audit.estimates import Estimate
from frametally.rendering.audits.counted_sample import CountedSample
from frametally.rendering.audits.over_time import over_time
from frametally.rendering.audits.report import Person, Report, report
from frametally.reports.facts import CheckedFrames, CheckedPart, CheckedRow, Corrected

_METHOD: Final = (
    "Corrected: the mean of the model over all frames, plus the mean difference between what was seen and what the "
    "model found in the checked frames. "
)
_PLANNED: Final = (
    "The interval holds the true value in 95 % of all samples or more, however bad the model is: Student's t or, where "
    "counts differ by at most one, exact intervals of shares, both with the finite population correction."
)
_SEQUENTIAL: Final = (
    "More frames were checked than planned, so the intervals are those of a confidence sequence, which is wider and "
    "holds the true value in 95 % of all samples however long one goes on."
)


def checked_frames(sample: CountedSample, names: Mapping[str, str]) -> CheckedFrames | None:
    """The numbers of the page; None: no frame was checked. `names` of people by their id."""
    if not sample.clear:
        return None
    found = report(sample, names)
    return CheckedFrames(
        rows=tuple(_row(row.name, row.mean, found.possible) for row in found.rows),
        parts=tuple(
            CheckedPart(start_s=part.start_s, end_s=part.end_s, means=tuple(_corrected(mean, 1) for mean in part.means))
            for part in over_time(sample)
        ),
        how_many=_how_many(found),
        people=tuple(_person(person) for person in found.people),
        remarks=tuple(_remarks(found)),
        method=_METHOD + (_SEQUENTIAL if found.is_sequential else _PLANNED),
        is_preliminary=found.is_preliminary,
    )


def _row(name: str, mean: Estimate | None, frames: int) -> CheckedRow:
    return CheckedRow(name=name, mean=_corrected(mean, 1), total=_corrected(mean, frames))


def _corrected(mean: Estimate | None, frames: int) -> Corrected | None:
    if mean is None:
        return None
    low, high = mean.interval
    numbers = (mean.model, mean.corrected, low, high)
    model, corrected, low, high = (number * frames for number in numbers)
    return Corrected(model=model, corrected=corrected, low=low, high=high)


def _how_many(found: Report) -> str:
    drawn = f"drawn at random on {found.begun_at:%d %b %Y} from {found.possible:,} that could be checked"
    return f"{_frames(found.checked)} checked by eye, {drawn}."


def _person(person: Person) -> str:
    what = f"{person.name} checked {_frames(person.frames)}" if person.name else f"{_frames(person.frames)} checked"
    return f"{what}, last on {person.last_at:%d %b %Y %H:%M} UTC."


def _remarks(found: Report) -> list[str]:
    remarks = []
    if found.is_preliminary:
        remarks.append(
            f"Preliminary: {found.planned - found.seen:,} of {found.planned:,} planned frames are not checked yet."
        )
    if found.unclear:
        remarks.append(f"Left out as unclear: {_frames(len(found.unclear))}.")
    if found.disagreements:
        remarks.append(
            f"{_frames(len(found.disagreements))} checked by several people with different answers: the first is used."
        )
    return remarks


def _frames(number: int) -> str:
    return f"{number:,} frame{'' if number == 1 else 's'}"
