"""Tickets serve one holder, while a page of theirs is open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from itsdangerous import URLSafeTimedSerializer

from frametally.ledger.ledger import Ledger
from frametally.ledger.people.open_pages import RecordedPages
from frametally.library.holder import LIVE_S, Holder, OpenPages
from frametally.library.tickets import TicketRefused, Tickets, ViewTicket

ANN, BOB = Holder(person="ann", session="1"), Holder(person="bob", session="2")
VIEW = ViewTicket("job", "model")


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Moment:
    value = datetime(2026, 11, 28, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.value


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tickets(clock: Clock) -> Tickets:
    return Tickets("a secret of this test", pages=OpenPages(clock))


MAKE: list[Callable[[Tickets], str]] = [
    lambda tickets: tickets.for_file(Path("results/a.csv")),
    lambda tickets: tickets.for_view(VIEW),
    lambda tickets: tickets.for_preview("key"),
    lambda tickets: tickets.for_ends(),
]
CHECK: list[Callable[[Tickets, str], object]] = [
    Tickets.check_file,
    Tickets.check_view,
    Tickets.check_preview,
    Tickets.check_ends,
]


@pytest.mark.parametrize("kind", range(len(MAKE)))
def test_a_ticket_has_one_holder_one_purpose_and_minutes(tickets: Tickets, clock: Clock, kind: int) -> None:
    ann = tickets.held_by(ANN)
    ticket = MAKE[kind](ann)
    for number, check in enumerate(CHECK):
        if number == kind:
            check(ann, ticket)
        else:
            with pytest.raises(TicketRefused):
                check(ann, ticket)
    for other in (BOB, Holder(person="ann", session="2"), Holder()):
        with pytest.raises(TicketRefused, match="another person"):
            CHECK[kind](tickets.held_by(other), ticket)
    clock.now_s += LIVE_S
    with pytest.raises(TicketRefused, match="expired"):
        CHECK[kind](ann, ticket)
    ann.renew()
    CHECK[kind](ann, ticket)


def test_an_open_page_keeps_the_address_and_its_validity(tickets: Tickets, clock: Clock) -> None:
    first = tickets.held_by(ANN).for_view(VIEW)
    for _ in range(100):
        clock.now_s += LIVE_S / 2
        tickets.held_by(ANN).renew()
    assert tickets.held_by(ANN).check_view(first) == VIEW
    assert tickets.held_by(ANN).for_view(VIEW) == first
    assert tickets.held_by(BOB).for_view(VIEW) != first


def test_pages_that_were_open_at_a_restart_go_on(clock: Clock, tickets: Tickets) -> None:
    ticket = tickets.held_by(ANN).for_view(VIEW)
    restarted = Tickets("a secret of this test", pages=OpenPages(clock)).held_by(ANN)
    assert restarted.check_view(ticket) == VIEW
    clock.now_s += LIVE_S
    with pytest.raises(TicketRefused):
        restarted.check_view(ticket)


def test_a_page_at_another_dashboard_counts_in_the_same_ledger(clock: Clock, tmp_path: Path) -> None:
    now = Moment()
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", now)
    here, there = (
        Tickets("one secret", pages=OpenPages(clock, elsewhere=RecordedPages(ledger, now))).held_by(ANN) for _ in "ab"
    )
    clock.now_s += LIVE_S  # neither has just been started
    ticket = here.for_view(VIEW)
    assert there.check_view(ticket) == VIEW
    for _ in range(3):
        clock.now_s += LIVE_S / 2
        now.value += timedelta(seconds=LIVE_S / 2)
        here.renew()
        assert there.check_view(ticket) == VIEW
    clock.now_s += LIVE_S
    now.value += timedelta(seconds=LIVE_S)
    for one in (here, there):
        with pytest.raises(TicketRefused, match="expired"):
            one.check_view(ticket)
    ledger.close()


def test_a_ticket_does_not_name_its_holder(tickets: Tickets) -> None:
    held = Holder(person="person-0123456789", session="secret-session")
    assert "person" not in tickets.held_by(held).for_view(VIEW)
    assert held.mark != Holder(person="person-0123456789\nsecret-session").mark


def test_a_ticket_of_an_earlier_version_is_refused(tickets: Tickets) -> None:
    ticket = str(URLSafeTimedSerializer("a secret of this test", salt="frametally.file").dumps(["results/a.csv", None]))
    with pytest.raises(TicketRefused):
        tickets.check_file(ticket)
