"""What the scheduler is given, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

Cause = Literal["crashed", "lost"]
"""Why a worker is gone: its process crashed during a piece, or its machine or connection was lost."""


class Resources(NamedTuple):
    """What a piece needs at once, or what one worker may use for a piece. Ordered by what is scarce."""

    gpus: float = 0.0
    cpus: float = 1.0
    memory_bytes: int = 0

    def fits_into(self, size: Resources) -> bool:
        return self.gpus <= size.gpus and self.cpus <= size.cpus and self.memory_bytes <= size.memory_bytes


ONE_CORE: Final = Resources()


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """A process that runs pieces.

    Args:
        id: never used again after the worker is gone.
        size: what it may use for one piece.
        slots: how many pieces it takes at once; two keep a GPU busy while the next piece is decoded.
        model_sets: how many sets of models it keeps loaded, at least as many as slots.
    """

    id: str
    size: Resources = ONE_CORE
    slots: int = 1
    model_sets: int = 2

    def __post_init__(self) -> None:
        if not 1 <= self.slots <= self.model_sets:
            raise ValueError("A worker keeps at least one set of models for each slot, and has at least one slot.")


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A job, cut into pieces that can run in any order.

    Args:
        id: unique among all jobs that the scheduler knows.
        models: names what a worker has loaded to run its pieces (models, versions, device).
        pieces_s: expected seconds of each piece on one worker; rough ones do, as they are compared with measured ones.
        need: what each piece needs.
        can_stop: whether a running piece can stop at a frame boundary and hand back its rest.
    """

    id: str
    models: str
    pieces_s: Sequence[float]
    need: Resources = ONE_CORE
    can_stop: bool = True


class Attempt(NamedTuple):
    """One run of one piece by one worker. Its id is unique within a scheduler and increases."""

    id: int
    job_id: str
    piece: int
    worker_id: str


class Assignment(NamedTuple):
    """A piece to start now.

    Args:
        attempt: what to run, and where.
        models: what it needs loaded.
        is_warm: whether the worker has it loaded.
        unload: what the worker unloads before, to stay within its number of model sets.
        is_duplicate: whether another attempt of the same piece is running and overdue.
    """

    attempt: Attempt
    models: str
    is_warm: bool
    unload: tuple[str, ...] = ()
    is_duplicate: bool = False


class Outcome(NamedTuple):
    """What the end of an attempt means.

    Args:
        is_counted: whether its result is the one of its piece; False for an attempt that came late: ignore its result.
        is_job_done: whether it was the last piece of its job.
        stop: attempts of the same piece that are no longer needed; they occupy their workers until they have ended.
        added: the numbers of the pieces that it handed back.
    """

    is_counted: bool
    is_job_done: bool = False
    stop: tuple[Attempt, ...] = ()
    added: range = range(0)


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A job that ends because one of its pieces took too many workers with it."""

    job_id: str
    piece: int
    cause: Cause
    stop: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """The constants of the decisions.

    Args:
        credit_s: in its first seconds of service, a job is this much ahead.
        patience_s: how long, at most, pieces of other jobs go first because their models are loaded.
        piece_s: the usual length of a piece; jobs may be ahead of each other by this much service.
        long_s: a piece that cannot stop and is expected to take longer is long.
        long_first: the share of workers up to which long pieces go first, as they decide when everything is done.
        long_most: the share of workers up to which they may be used for long pieces at all, if nothing else waits; of
            several workers, one stays free in any case.
        overdue: a piece that takes this many times its expected time may get a second attempt on an idle worker.
        stop_after_s: a piece that has run for longer is asked to stop if jobs wait that have no worker at all.
        max_crashes: how many workers may crash during a piece before its job fails.
        max_losses: how many workers may be lost during a piece before its job fails.
    """

    credit_s: float = 60.0
    patience_s: float = 2.0
    piece_s: float = 5.0
    long_s: float = 30.0
    long_first: float = 0.5
    long_most: float = 0.875
    overdue: float = 2.0
    stop_after_s: float = 3.0
    max_crashes: int = 3
    max_losses: int = 10
