"""Notes on a results file: what was read differently from what is written, or left out, with the first place."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

MAX_NOTES: Final = 20
"""Different notes per model; further ones are counted together."""
OTHER: Final = "other values"
_INDEX = re.compile(r"\[\d+\]")


class Issue(Struct, frozen=True):
    """One problem of one entry."""

    field: str
    """Path of the value within the entry; indexes are left out, so that equal problems are counted together."""
    problem: str
    """What is wrong with it, and what was done about it."""


class Note(Struct, frozen=True):
    """One problem, over all entries of one model."""

    model: str
    """Empty for a problem of the whole file."""
    field: str
    problem: str
    entries: int = 0
    """Number of entries with it; 0 for a problem of the whole file."""
    first: int = 0
    """The first of these entries."""

    def sentence(self, place: str) -> str:
        """The note as text; `place` describes the first entry."""
        subject = f"{self.model}: {self.field}" if self.model else self.field
        if not self.entries:
            return f"{subject} {self.problem}."
        where = f"in {place}" if self.entries == 1 else f"in {self.entries:,} frames, first in {place}"
        return f"{subject} {self.problem} ({where})."


class Notes:
    """Collects the issues of one model."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._found: dict[Issue, list[int]] = {}

    def add(self, entry: int, issue: Issue) -> None:
        """Count an issue of an entry; several equal ones in one entry count once. Entries arrive in any order."""
        if issue not in self._found and len(self._found) >= MAX_NOTES:
            issue = Issue(OTHER, "cannot be read either")
        place = self._found.setdefault(issue, [0, entry, -1])
        place[0] += place[2] != entry
        place[1], place[2] = min(place[1], entry), entry

    def add_whole(self, field: str, problem: str) -> None:
        """Note something of all entries."""
        self._found[Issue(field, problem)] = [0, 0, -1]

    def summary(self) -> list[Note]:
        return [
            Note(self._model, issue.field, issue.problem, count, first)
            for issue, (count, first, _) in self._found.items()
        ]


def mismatch(error: Exception) -> Issue:
    """The issue of an entry that does not fit the kind of its model, from the error of its decoder."""
    reason, _, path = str(error).partition(" - at `$")
    field = _INDEX.sub("[]", path.rstrip("`").lstrip(".")) or "entry"
    return Issue(field, f"does not fit: {reason.rstrip('.')}; not analyzed")
