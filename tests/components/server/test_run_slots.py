"""The number of scripts that run at once."""

from __future__ import annotations

import sys
import threading

import pytest
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

from components.server.run_slots import QUICK_S, SWITCH_INTERVAL_S, RunSlots, limit_runs
from tests.support.polling import until


class Runs:
    """Threads that each hold a slot until they are let go."""

    def __init__(self, slots: RunSlots) -> None:
        self._slots = slots
        self._go = threading.Event()
        self.order: list[int] = []

    def start(self, number: int) -> threading.Thread:
        def run() -> None:
            with self._slots.slot(), self._slots.slot():  # a run within a run takes no second slot
                self.order.append(number)
                self._go.wait(30)

        before = self._slots.waiting + self._slots.running
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        until(lambda: self._slots.waiting + self._slots.running > before)
        return thread

    def end(self, threads: list[threading.Thread]) -> None:
        self._go.set()
        for thread in threads:
            thread.join(30)


def test_runs_wait_for_a_slot_and_get_it_in_order() -> None:
    slots = RunSlots(2, clock=lambda: 0.0)
    runs = Runs(slots)
    threads = [runs.start(number) for number in range(6)]
    until(lambda: slots.running == 2)
    assert slots.waiting == 4
    runs.end(threads)
    assert runs.order == list(range(6))
    assert slots.running == slots.waiting == 0


def test_a_run_that_takes_long_no_longer_counts_up_to_a_limit() -> None:
    now_s = 0.0
    slots = RunSlots(1, max_runs=2, clock=lambda: now_s)
    runs = Runs(slots)
    threads = [runs.start(number) for number in range(3)]
    assert slots.running == 1
    now_s = QUICK_S
    until(lambda: slots.running == 2)
    now_s = 2 * QUICK_S
    threads.append(runs.start(3))  # wakes the waiting
    assert (slots.running, slots.waiting) == (2, 2)
    runs.end(threads)
    assert runs.order == [0, 1, 2, 3]


def test_streamlit_has_the_method_that_is_limited() -> None:
    assert callable(ScriptRunner._run_script)


def test_runs_let_the_event_loop_have_the_interpreter_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ScriptRunner, "_run_script", ScriptRunner._run_script)  # put back after the test
    before_s = sys.getswitchinterval()
    try:
        limit_runs(RunSlots())
        assert sys.getswitchinterval() == pytest.approx(SWITCH_INTERVAL_S)
    finally:
        sys.setswitchinterval(before_s)
