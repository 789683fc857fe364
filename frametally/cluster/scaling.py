"""How large the cluster should be: what is asked of Ray's autoscaler, and when the workers have nothing to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from frametally.cluster.nodes import MEMORY_BYTES
from frametally.cluster.scheduling.terms import Resources

IDLE_S: Final = 300.0
"""Workers without any job for so long end, so that their nodes can be removed; they start again with the next job."""
ASK_EVERY_S: Final = 5.0
Bundle = dict[str, float]
"""What one worker takes of a node, in the terms of Ray."""


class Scaling:
    """Asks for nodes as the scheduler wants them; a cluster without an autoscaler stays as it is."""

    def __init__(self, ask: Callable[[list[Bundle]], None], clock: Callable[[], float]) -> None:
        """`ask` replaces what was asked for before."""
        self._ask = ask
        self._clock = clock
        self._busy_s = clock()
        self._asked_s = float("-inf")
        self._asked: list[Bundle] | None = None  # unknown: Ray keeps what an earlier process asked for

    def want(self, slots: Mapping[Resources, int]) -> None:
        """`slots`: how many pieces should run at once, by what they need."""
        now_s = self._clock()
        if slots:
            self._busy_s = now_s
        bundles = [_bundle(need) for need, count in sorted(slots.items()) for _ in range(count)]
        if bundles != self._asked and now_s - self._asked_s >= ASK_EVERY_S:
            self._asked, self._asked_s = bundles, now_s
            self._ask(bundles)

    @property
    def is_idle(self) -> bool:
        """Whether there has been nothing to do for `IDLE_S`."""
        return self._clock() - self._busy_s > IDLE_S


def _bundle(need: Resources) -> Bundle:
    bundle = {"CPU": max(need.cpus, 1.0), "memory": float(max(need.memory_bytes, MEMORY_BYTES))}
    return bundle | ({"GPU": need.gpus} if need.gpus else {})
