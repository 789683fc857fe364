"""A running step, as seen by another thread of its process: how far it is, and requests to stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Literal

from frametally.cluster.steps import StepState
from frametally.engine.watchdog import READING, Phase

Request = Literal["stop", "hand back"]
"""Stop without a result, or at the next frame with the entries so far."""

MAX_OBJECT_BYTES: Final = 32 << 20
"""A piece whose entries take more is written as several objects."""


class StepStopped(Exception):
    """The step was asked to stop without a result."""


class StepWatch:
    """The progress of one step. One thread runs the step, others may ask for its state."""

    def __init__(self, step_id: int, requested: Callable[[], Request | None]) -> None:
        self._step_id = step_id
        self._requested = requested
        self._entries = 0
        self._phase = READING, time.monotonic()

    @property
    def state(self) -> StepState:
        phase, since_s = self._phase
        age_s = time.monotonic() - since_s
        return StepState(self._step_id, self._entries, phase.limit_s, age_s, phase.reason)

    def enter_phase(self, phase: Phase) -> None:
        """Start the time limit of a phase.

        Raises:
            StepStopped: the step was asked to stop.
        """
        self._phase = phase, time.monotonic()
        if self._requested() == "stop":
            raise StepStopped

    def count_entry(self) -> None:
        """One more entry is finished."""
        self._entries += 1

    @property
    def must_hand_back(self) -> bool:
        return self._requested() == "hand back"
