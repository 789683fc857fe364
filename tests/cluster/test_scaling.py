"""What is asked of an autoscaler, and when workers end because they have nothing to do."""

from __future__ import annotations

from frametally.cluster.nodes import MEMORY_BYTES
from frametally.cluster.scaling import ASK_EVERY_S, IDLE_S, Bundle, Scaling
from frametally.cluster.scheduling.terms import Resources

CORE = {"CPU": 1.0, "memory": float(MEMORY_BYTES)}


def test_the_autoscaler_is_asked_for_what_is_wanted_now_if_that_changes() -> None:
    asked: list[list[Bundle]] = []
    now_s = 0.0
    scaling = Scaling(asked.append, lambda: now_s)
    scaling.want({Resources(): 2, Resources(gpus=1.0, cpus=4.0): 1})
    assert asked == [[CORE, CORE, {"CPU": 4.0, "memory": float(MEMORY_BYTES), "GPU": 1.0}]]
    scaling.want({Resources(): 3})
    assert len(asked) == 1
    now_s = ASK_EVERY_S
    scaling.want({Resources(): 3})
    now_s = 2 * ASK_EVERY_S
    scaling.want({Resources(): 3})
    scaling.want({})
    assert asked[1:] == [[CORE] * 3, []]


def test_what_an_earlier_process_has_asked_for_is_replaced_also_if_nothing_is_wanted() -> None:
    asked: list[list[Bundle]] = []
    scaling = Scaling(asked.append, lambda: 0.0)
    scaling.want({})
    scaling.want({})
    assert asked == [[]]


def test_workers_are_idle_after_a_time_without_jobs() -> None:
    now_s = 0.0
    scaling = Scaling(lambda bundles: None, lambda: now_s)
    now_s = IDLE_S
    scaling.want({})
    assert not scaling.is_idle
    now_s = IDLE_S + 1
    assert scaling.is_idle
    scaling.want({Resources(): 1})
    assert not scaling.is_idle
