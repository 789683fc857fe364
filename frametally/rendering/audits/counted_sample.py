"""The frames that were drawn for an audit, and what is used of what people have seen in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

from frametally.audit.agreement import Agreed, Answer, agreed
from frametally.audit.seen import Group, Seen, is_about_all
from frametally.audit.table import Row, rows
from frametally.audit.verdicts import Verdicts, verdicts
from frametally.ledger.audits.frame_checks import FrameCheck
from frametally.ledger.audits.planned import PlannedAudit
from frametally.rendering.audits.audited_view import AuditedView

Used = tuple[int, Agreed]
"""A place in `AuditedView.entries`, and what is used of the answers there."""


class State(IntEnum):
    """Of a drawn frame."""

    OPEN = 0
    """A class of the view was not asked about."""
    CHECKED = 1
    UNCLEAR = 2
    """A person could not tell."""


@dataclass(frozen=True, eq=False)
class CountedSample:
    """An audit as a view sees it; everything is computed once."""

    view: AuditedView
    audit: PlannedAudit
    checks: list[FrameCheck] = field(repr=False)

    @cached_property
    def _drawn(self) -> tuple[list[int], int]:
        places, planned = self.view.drawn(self.audit)
        return places.tolist(), planned

    @property
    def planned(self) -> int:
        """How many frames of the view were planned."""
        return self._drawn[1]

    @cached_property
    def order(self) -> list[tuple[int, Agreed | None]]:
        """The drawn frames in the order of checking: those planned, and some more."""
        answers = (Answer(check.time, check.checker, Seen.from_json(check.seen)) for check in self.checks)
        used = agreed(answers, self.view.groups)
        return [(place, used.get(int(self.view.times[place]))) for place in self._drawn[0]]

    @cached_property
    def states(self) -> list[State]:
        """Of each of these."""
        return [_state(one, self.view.groups) for _, one in self.order]

    @property
    def _until(self) -> int:
        """How many of the drawn frames are a sample: the planned ones, and what follows without a gap.

        What was checked after a gap was chosen otherwise: in a part of the video, or for another sample.
        """
        states = self.states
        return max(self.planned, states.index(State.OPEN) if State.OPEN in states else len(states))

    @property
    def seen(self) -> int:
        """Frames that were asked about with all classes of the view."""
        return sum(state is not State.OPEN for state in self.states[: self._until])

    @property
    def exceeded(self) -> int | None:
        """How many frames were planned, if more were checked."""
        return self.planned if self.seen > self.planned else None

    @cached_property
    def counted(self) -> list[Used]:
        """The frames that were checked, also those of which a person could not tell."""
        return [(place, one) for place, one in self.order[: self._until] if one]

    @cached_property
    def clear(self) -> list[Used]:
        """Those of which a person could tell."""
        return [(place, one) for place, one in self.counted if not one.seen.is_unclear]

    @cached_property
    def compared(self) -> Verdicts:
        """These beside what the model found, one after another."""
        view = self.view
        found = ((view.boxes(int(view.entries[place])), view.found[place]) for place, _ in self.clear)
        return verdicts(view.groups, ((*both, one.seen) for both, (_, one) in zip(found, self.clear, strict=True)))

    @cached_property
    def rows(self) -> list[Row]:
        """What it says about each class."""
        return rows(self.view.view.names, self.view.found, self.compared, self.exceeded)


def _state(one: Agreed | None, groups: tuple[Group, ...]) -> State:
    if one is None or not is_about_all(one.seen, groups):
        return State.OPEN
    return State.UNCLEAR if one.seen.is_unclear else State.CHECKED
