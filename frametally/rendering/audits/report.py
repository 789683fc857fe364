"""What the tab of audits shows of a view, for the browser as JSON and for the page's tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from frametally.access.names import name_of
from frametally.audit.agreement import Agreed, Answer, agreed
from frametally.audit.checks import Checks
from frametally.audit.estimates import more_to_halve
from frametally.audit.seen import Group, Seen, is_about_all
from frametally.audit.table import Row, rows
from frametally.audit.threshold import LeastBias, least_bias
from frametally.audit.verdicts import verdicts
from frametally.ledger.audits.frame_checks import FrameCheck
from frametally.ledger.audits.planned import PlannedAudit
from frametally.rendering.audits.audited_view import AuditedView

OPEN, CHECKED, UNCLEAR = 0, 1, 2


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
    """Of each of these: `OPEN` if a class of the view was not asked about, `CHECKED` or `UNCLEAR`."""
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


def report(view: AuditedView, audit: PlannedAudit, checks: list[FrameCheck], names: Mapping[str, str]) -> Report:
    """What the checks of the drawn frames say about the view; `names` of people by their id."""
    places, planned = view.drawn(audit)
    used = agreed((Answer(check.time, check.checker, Seen.from_json(check.seen)) for check in checks), view.groups)
    order = [(int(place), used.get(int(view.times[place]))) for place in places]
    states = [_state(one, view.groups) for _, one in order]
    until = _sampled(states, planned)
    counted = [(place, one) for place, one in order[:until] if one]
    clear = [(place, one) for place, one in counted if not one.seen.is_unclear]
    compared = verdicts(
        view.groups,
        ((view.boxes(int(view.entries[place])), view.found[place], one.seen) for place, one in clear),
    )
    entries = [int(view.entries[place]) for place, _ in order]
    seen = sum(state != OPEN for state in states[:until])
    times = {int(view.times[place]) for place, _ in counted}
    overall = compared.of_all_classes(view.found)
    return Report(
        planned=planned,
        checked=len(clear),
        seen=seen,
        possible=len(view.entries),
        entries=entries,
        states=states,
        rows=rows(view.view.names, view.found, compared, planned if seen > planned else None),
        to_halve=more_to_halve(overall) if overall.frames else None,
        is_sequential=seen > planned,
        least_bias=_least_bias(view, overall, [place for place, _ in clear]) if seen >= planned else None,
        begun_by=name_of(audit.actor, names),
        begun_at=audit.created_at,
        people=_people([check for check in checks if check.time in times], names),
        unclear=[_place(view, place) for place, one in counted if one.seen.is_unclear],
        disagreements=[
            _place(view, place, tuple(name_of(checker, names) for checker in one.disagreeing))
            for place, one in counted
            if one.disagreeing
        ],
    )


def _sampled(states: list[int], planned: int) -> int:
    """How many of the drawn frames, from the first on, are a sample: the planned ones, and what follows without a gap.

    What was checked after a gap was chosen otherwise: in a part of the video, or for another sample.
    """
    return max(planned, states.index(OPEN) if OPEN in states else len(states))


def _least_bias(view: AuditedView, overall: Checks, clear: list[int]) -> LeastBias | None:
    if overall.frames < len(clear):  # of some frames, not all classes are known
        return None
    confidences = view.confidences(view.entries[clear])
    return least_bias(confidences, int(overall.true.sum()), len(clear), view.view.confidence)


def _state(one: Agreed | None, groups: tuple[Group, ...]) -> int:
    if one is None or not is_about_all(one.seen, groups):
        return OPEN
    return UNCLEAR if one.seen.is_unclear else CHECKED


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
