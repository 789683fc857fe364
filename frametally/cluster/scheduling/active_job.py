"""A job that the scheduler knows: which of its pieces wait, run and are done."""

from __future__ import annotations

import heapq
import math
from array import array
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from frametally.cluster.scheduling.terms import Attempt, Cause, JobSpec, Resources

_LEARNING: Final = 0.2
"""Weight of the newest measured piece in the pace of its job."""


class Demand(NamedTuple):
    """Jobs that the same workers can serve under the same limits."""

    need: Resources
    is_long: bool

    def is_like(self, other: Demand) -> bool:
        """Whether jobs with either are served by fairness alone."""
        return (self.need.gpus, self.is_long) == (other.need.gpus, other.is_long)


class ActiveJob:
    """The pieces of a job; they wait in the order of their numbers.

    Attributes:
        number: increases in the order of submission.
        tag_s: its place in the fair queue, see `FairQueue`.
        attained_s: the service that it has had.
        served_s: when one of its pieces was started last.
        owed_s: service that its tag does not contain yet: measured minus expected seconds of ended attempts.
        attempts: the running attempts of each piece.
        queued_s: expected seconds of the pieces that wait.
        version: increases with each change of its place; entries of a heap with an older one are void.
    """

    __slots__ = (
        *(
            "spec",
            "number",
            "demand",
            "tag_s",
            "attained_s",
            "served_s",
            "owed_s",
            "attempts",
            "left",
            "has_ended",
            "version",
        ),
        *("queued", "queued_s", "_pieces_s", "_done", "_next", "_returned", "_deaths", "_pace"),
    )

    def __init__(self, spec: JobSpec, number: int, done: Collection[int], long_s: float) -> None:
        self.spec = spec
        self.number = number
        self.demand = Demand(spec.need, not spec.can_stop and max(spec.pieces_s, default=0.0) > long_s)
        self.tag_s = -math.inf
        self.attained_s = self.served_s = self.owed_s = 0.0
        self.has_ended = False
        self.version = 0
        self.attempts: dict[int, list[Attempt]] = {}
        self._pieces_s = array("d", spec.pieces_s)
        self._done = bytearray(len(spec.pieces_s))
        for piece in done:
            self._done[piece] = 1
        self.left = self.queued = len(self._done) - sum(self._done)
        self.queued_s = sum(seconds for piece, seconds in enumerate(self._pieces_s) if not self._done[piece])
        self._next = 0
        self._returned: list[int] = []
        self._deaths: Counter[tuple[int, Cause]] = Counter()
        self._pace = 1.0

    def expected_s(self, piece: int) -> float:
        """The expected seconds of a piece, corrected by those that were measured."""
        return self._pieces_s[piece] * self._pace

    def is_done(self, piece: int) -> bool:
        return bool(self._done[piece])

    def take(self) -> int:
        """The next piece that waits; call it only if one does."""
        self.queued -= 1
        if self._returned:
            piece = heapq.heappop(self._returned)
        else:
            while self._done[self._next]:
                self._next += 1
            piece = self._next
            self._next += 1
        self.queued_s -= self._pieces_s[piece]
        return piece

    def give_back(self, piece: int) -> None:
        """Let a piece wait again whose attempts have ended without a result."""
        heapq.heappush(self._returned, piece)
        self.queued += 1
        self.queued_s += self._pieces_s[piece]

    def finish(self, piece: int, rest_s: Sequence[float]) -> range:
        """Count a piece as done, and add pieces for what it left; returns their numbers."""
        self._done[piece] = 1
        first = len(self._done)
        self.left += len(rest_s) - 1
        if rest_s:
            self._pieces_s.extend(rest_s)
            self._done.extend(bytes(len(rest_s)))
            self.queued += len(rest_s)
            self.queued_s += sum(rest_s)
        return range(first, len(self._done))

    def learn(self, piece: int, measured_s: float) -> None:
        """Compare the expected time of a piece with the one that it took."""
        if (expected_s := self._pieces_s[piece]) > 0:
            self._pace += _LEARNING * (measured_s / expected_s - self._pace)

    def count_death(self, piece: int, cause: Cause) -> int:
        """How many workers have been lost this way during the piece, with this one."""
        self._deaths[piece, cause] += 1
        return self._deaths[piece, cause]

    def start(self, attempt: Attempt, now_s: float) -> None:
        self.served_s = now_s
        self.attempts.setdefault(attempt.piece, []).append(attempt)

    def end(self, attempt: Attempt) -> tuple[Attempt, ...]:
        """Forget a running attempt; returns the others of its piece."""
        others = self.attempts[attempt.piece]
        others.remove(attempt)
        if not others:
            del self.attempts[attempt.piece]
        return tuple(others)
