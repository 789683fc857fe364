"""What several people have seen in the same frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from frametally.access.names import name_of
from frametally.audit.seen import Group, Seen, columns, numbers_seen
from frametally.ledger.audits.frame_checks import FrameCheck


class PersonAnswer(Struct, frozen=True):
    """Of one person."""

    name: str
    """Empty while there is no sign-in."""
    counts: list[int | None] | None
    """How many of each class of the view; None: not asked about. None instead of the list: could not tell."""


def answers(groups: tuple[Group, ...], checks: Sequence[FrameCheck], names: Mapping[str, str]) -> list[PersonAnswer]:
    """Those to one frame, if several people have checked it; otherwise none. `names` of people by their id."""
    if len({check.checker for check in checks}) < 2:
        return []
    return [
        PersonAnswer(name_of(check.checker, names), _counts(groups, Seen.from_json(check.seen))) for check in checks
    ]


def _counts(groups: tuple[Group, ...], seen: Seen) -> list[int | None] | None:
    if seen.is_unclear:
        return None
    asked = columns(seen.groups, groups)
    numbers = numbers_seen(seen, asked.of_group, len(groups)).tolist()
    return [number if is_known else None for number, is_known in zip(numbers, asked.is_known, strict=True)]
