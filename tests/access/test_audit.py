"""The audit: who did what to jobs and people, from where, for how long, and what remains of a person who is removed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from frametally.access.access import Access
from frametally.access.direct_client import Client
from frametally.access.identity import Identity
from frametally.access.people import known_person
from frametally.access.person import Person, Role
from frametally.access.proxy_headers import SECRET_HEADER, ProxyHeaders
from frametally.access.sign_in_cookie import SignInCookie
from frametally.client.registry import ClientRegistry
from frametally.config.access_mode import AccessMode
from frametally.exports.audit_csv import audit_csv, audit_rows
from frametally.job import JobStatus
from frametally.jobs.cancel import cancel
from frametally.jobs.deletion import UNDO_S, delete, remove_deleted, restore_jobs
from frametally.ledger.ledger import Ledger
from frametally.ledger.people import KnownPerson, log_access, see_person
from frametally.ledger.people.audit import forget_old_audit
from frametally.team import notes, people
from tests.support.clients import make_client
from tests.support.ledgers import START, Clock, a_job, open_ledger

ANN_KNOWN = known_person(Identity(issuer="i", subject="ann", name="Ann"), START)
ANN = Person(id=ANN_KNOWN.id, name="Ann", role=Role.ANALYST, origin="203.0.113.5")
ADA = Person(id="person-ada", name="Ada", role=Role.ADMIN, origin="2001:db8::7")


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    with open_ledger(f"sqlite:///{tmp_path / 'frametally.db'}", clock) as ledger:
        see_person(ledger, ANN_KNOWN)
        see_person(ledger, replaced(ANN_KNOWN, id="person-ada", subject="ada", name="Ada"))
        ledger.add(a_job("j1", owner=ANN.id), actor=None)
        yield ledger


def replaced(person: KnownPerson, **values: str) -> KnownPerson:
    return KnownPerson(**{**{name: getattr(person, name) for name in person.__struct_fields__}, **values})


def seen(ledger: Ledger) -> list[tuple[str, ...]]:
    """(person, what, job or person, from), oldest first."""
    return [row[1:] for row in reversed(audit_rows(ledger, 100))]


def act(ledger: Ledger, clock: Clock) -> None:
    """Everything that changes a job without a service, a second apart."""
    registry = ClientRegistry("secret", lambda: make_client("http://127.0.0.1:9"))
    for step in (
        lambda: notes.write_note(ledger, "j1", "dry", actor=ANN),
        lambda: notes.change_tags(ledger, ["j1"], added=["night"], removed=[], actor=ANN),
        lambda: cancel(ledger, registry, "j1", clock.now, actor=ADA),
        lambda: delete(ledger, ["j1"], clock.now, actor=ANN),
        lambda: restore_jobs(ledger, ["j1"], clock.now, actor=ADA),
    ):
        clock.wait(1)
        step()


def test_every_action_on_a_job_says_who_and_from_where(ledger: Ledger, clock: Clock) -> None:
    act(ledger, clock)
    assert seen(ledger) == [
        ("Ann", "Queued", "j1", ""),
        ("Ann", "Note edited.", "j1", "203.0.113.5"),
        ("Ann", "Tag added: night.", "j1", "203.0.113.5"),
        ("Ada", "Canceled", "j1", "2001:db8::7"),
        ("Ann", "Deleted.", "j1", "203.0.113.5"),
        ("Ada", "Restored.", "j1", "2001:db8::7"),
    ]
    assert "2001:db8::7" in audit_csv(ledger)


def test_a_deletion_is_known_after_the_job_is_gone(ledger: Ledger, clock: Clock, tmp_path: Path) -> None:
    assert ledger.transition(ledger.job("j1"), JobStatus.FAILED, failure="It broke.", ended_at=START)
    delete(ledger, ["j1"], clock.now, actor=ANN)
    clock.wait(UNDO_S + 1)
    assert remove_deleted(ledger, tmp_path / "results", clock.now) == 1
    assert seen(ledger) == [("Ann", "Deleted.", "j1", "203.0.113.5")]


def test_a_person_who_is_removed_leaves_neither_name_nor_address(ledger: Ledger, clock: Clock) -> None:
    act(ledger, clock)
    people.grant(ledger, ANN_KNOWN, Role.ANALYST, actor=ADA)
    log_access(ledger, "Role of Ann: viewer.", actor=None)  # as earlier versions wrote it
    people.forget_person(ledger, ANN_KNOWN, actor=ADA)
    rows = seen(ledger)
    assert "Ann" not in str(rows)
    assert {row[3] for row in rows if row[0] == "former user"} == {""}
    assert ("Ada", "Role: analyst.", "former user", "2001:db8::7") in rows
    assert ("command line", "Role of a former user: viewer.", "", "") in rows


def test_addresses_and_entries_about_roles_are_removed_after_a_time(ledger: Ledger, clock: Clock) -> None:
    act(ledger, clock)
    people.grant(ledger, ANN_KNOWN, Role.ANALYST, actor=ADA)
    forget_old_audit(ledger, 180, clock.now + timedelta(days=179))
    assert {row[3] for row in seen(ledger)} == {"", "203.0.113.5", "2001:db8::7"}
    forget_old_audit(ledger, 180, clock.now + timedelta(days=181))
    assert {row[3] for row in seen(ledger)} == {""}
    assert [row[1] for row in seen(ledger)][-1] == "Restored."


PROXY = Access(mode=AccessMode.PROXY, sign_in=ProxyHeaders("the-secret-of-the-proxy", "x-forwarded-user"))
SOCKET = Access(mode=AccessMode.OIDC, sign_in=SignInCookie("secret"))
HOPS = [("X-Forwarded-For", "10.0.0.1, 198.51.100.4"), ("x-forwarded-for", "203.0.113.9")]


@pytest.mark.parametrize(
    ("access", "headers", "origin"),
    [
        (PROXY, [*HOPS, (SECRET_HEADER, "the-secret-of-the-proxy")], "203.0.113.9"),
        (PROXY, [*HOPS, (SECRET_HEADER, "a guess")], "192.0.2.1"),
        (PROXY, [("X-Forwarded-For", "<b>"), (SECRET_HEADER, "the-secret-of-the-proxy")], "192.0.2.1"),
        (PROXY, [(SECRET_HEADER, "the-secret-of-the-proxy")], "192.0.2.1"),
        (SOCKET, HOPS, "192.0.2.1"),
    ],
)
def test_the_address_is_that_of_the_socket_or_of_a_proxy_that_proves_itself(
    access: Access, headers: list[tuple[str, str]], origin: str
) -> None:
    assert access.origin(Client.of("192.0.2.1", headers)) == origin
