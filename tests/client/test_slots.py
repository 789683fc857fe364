"""Slots: jobs of a slow service wait for each other, not those of other services or of the built-in engine."""

from __future__ import annotations

from frametally.client.slots import ENGINE_SLOTS, REMOTE_SLOTS, SERVICE_SLOTS, Slots
from frametally.job import EMBEDDED


def test_a_service_has_its_own_slots() -> None:
    slots = Slots()
    for _ in range(SERVICE_SLOTS):
        slots.take("https://slow.example")
    assert (slots.free("https://slow.example"), slots.free("https://other.example")) == (0, SERVICE_SLOTS)
    slots.release("https://slow.example")
    assert slots.free("https://slow.example") == 1


def test_the_engine_does_not_wait_for_any_service() -> None:
    slots = Slots()
    for number in range(REMOTE_SLOTS):
        slots.take(f"https://slow-{number}.example")
    assert (slots.free("https://other.example"), slots.free(EMBEDDED)) == (0, ENGINE_SLOTS)


def test_eight_services_that_use_all_their_slots_leave_none_to_others_until_one_is_released() -> None:
    slots = Slots()
    for number in range(REMOTE_SLOTS):
        slots.take(f"https://slow-{number % 8}.example")
    slots.release("https://slow-0.example")
    assert slots.free("https://other.example") == 1
