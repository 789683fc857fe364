"""What the tab of audits shows of a view, for the browser as JSON and for the page's tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from frametally.access.names import name_of
from frametally.audit.checks import Checks
from frametally.audit.estimates import more_to_halve
from frametally.audit.table import Row
from frametally.audit.threshold import LeastBias, least_bias
from frametally.ledger.audits.frame_checks import FrameCheck
from frametally.rendering.audits.audited_view import AuditedView
from frametally.rendering.audits.counted_sample import CountedSample, Used


class Person(Struct, frozen=True):
    """Who has checked frames."""

    name: str
    """Empty while there is no sign-in."""
    frames: int
    last_at: datetime


class Place(Struct, frozen=True):
    """A frame that is named."""

    entry: int
    time_s: float
    people: tuple[str, ...] = ()
    """Who disagrees, the one whose answer is used first."""


class Report(Struct, frozen=True):
    """An audit as a view sees it."""

    planned: int
    checked: int
    """Frames that count: those of which a person could tell."""
    seen: int
    """Frames that were asked about with all classes of the view, also those of which a person could not tell."""
    possible: int
    """Frames that can be checked."""
    entries: list[int]
    """In the order of checking: those planned, and some more."""
    states: list[int]
    """Of each of these, a `State`."""
    rows: list[Row]
    to_halve: int | None
    """How many more frames would make the intervals half as wide; None: too few to say."""
    is_sequential: bool
    """Whether more than the planned frames were checked: the intervals are those that hold at any number."""
    least_bias: LeastBias | None
    """None while planned frames are still to be checked."""
    begun_by: str
    begun_at: datetime
    people: list[Person]
    unclear: list[Place]
    disagreements: list[Place]

    @property
    def is_preliminary(self) -> bool:
        """Whether planned frames are still to be checked."""
        return self.seen < self.planned


def report(sample: CountedSample, names: Mapping[str, str]) -> Report:
    """What the checks of the drawn frames say about the view; `names` of people by their id."""
    view, audit, counted = sample.view, sample.audit, sample.counted
    overall = sample.compared.of_all_classes(view.found)
    times = {int(view.times[place]) for place, _ in counted}
    return Report(
        planned=sample.planned,
        checked=len(sample.clear),
        seen=sample.seen,
        possible=len(view.entries),
        entries=[int(view.entries[place]) for place, _ in sample.order],
        states=[int(state) for state in sample.states],
        rows=sample.rows,
        to_halve=more_to_halve(overall) if overall.frames else None,
        is_sequential=sample.exceeded is not None,
        least_bias=_least_bias(view, overall, sample.clear) if sample.seen >= sample.planned else None,
        begun_by=name_of(audit.actor, names),
        begun_at=audit.created_at,
        people=_people([check for check in sample.checks if check.time in times], names),
        unclear=[_place(view, place) for place, one in counted if one.seen.is_unclear],
        disagreements=[
            _place(view, place, tuple(name_of(checker, names) for checker in one.disagreeing))
            for place, one in counted
            if one.disagreeing
        ],
    )


def _least_bias(view: AuditedView, overall: Checks, clear: list[Used]) -> LeastBias | None:
    if overall.frames < len(clear):  # of some frames, not all classes are known
        return None
    confidences = view.confidences(view.entries[[place for place, _ in clear]])
    return least_bias(confidences, int(overall.true.sum()), len(clear), view.view.confidence)


def _place(view: AuditedView, place: int, people: tuple[str, ...] = ()) -> Place:
    entry = int(view.entries[place])
    return Place(entry, float(view.view.results.time_s[entry]), people)


def _people(checks: list[FrameCheck], names: Mapping[str, str]) -> list[Person]:
    by_checker: dict[str, list[FrameCheck]] = {}
    for check in checks:
        by_checker.setdefault(check.checker, []).append(check)
    return [
        Person(name_of(checker, names), len(own), max(check.checked_at for check in own))
        for checker, own in by_checker.items()
    ]
