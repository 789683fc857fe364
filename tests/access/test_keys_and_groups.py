"""Keys that people typed, and roles by the groups of the provider."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from frametally.access.identity import Identity
from frametally.access.people import People, known_person
from frametally.access.person import ANONYMOUS, Role
from frametally.client.client import VideoInferenceClient
from frametally.client.registry import ClientRegistry
from frametally.deployment import Deployment
from frametally.errors import JobError
from frametally.job import JobStatus
from frametally.jobs.actions import retry
from frametally.ledger.ledger import Ledger
from frametally.ledger.people import all_people, see_person, set_role
from frametally.team.people import forget_person
from tests.support.ledgers import START, a_job
from tests.support.people import admin, analyst

URL = "https://api.example.com"


def registry() -> ClientRegistry:
    return ClientRegistry("secret", lambda: VideoInferenceClient("http://127.0.0.1:9", "key"))


def test_a_key_that_a_person_typed_serves_only_their_jobs() -> None:
    clients = registry()
    own, others, shared = (
        clients.remember(URL, "k", owner="ann"),
        clients.remember(URL, "k", owner="bob"),
        clients.remember(URL, "k"),
    )
    assert len({own, others, shared}) == 3
    assert [clients.serves(URL, key_id, "ann") for key_id in (own, others, shared)] == [True, False, True]
    assert not clients.serves(URL, own, None)
    # After a restart the same person types it again.
    assert (registry().remember(URL, "k", owner="ann"), registry().client(URL, own)) == (own, None)


def test_no_other_person_runs_jobs_with_a_typed_key(open_world: Deployment) -> None:
    ledger, clients = open_world.ledger, open_world.clients
    key_id = clients.remember(URL, "k", owner="ann")
    failed = a_job("typed", status=JobStatus.FAILED, service=URL, key_id=key_id, owner="ann", video_url=f"{URL}/a.mp4")
    ledger.add(failed)
    with pytest.raises(JobError, match="the API key of another person"):
        retry(ledger, open_world.library, "typed", START, actor=admin("ada"))
    assert retry(ledger, open_world.library, "typed", START, actor=analyst("ann")).owner == "ann"


def test_the_sign_ins_of_a_removed_person_end(ledger: Ledger) -> None:
    people = People(ledger, admins=(), default_role=Role.VIEWER)
    signed_in = Identity(issuer="i", subject="a", session="s", signed_in_at=ledger.clock())
    assert people.person(signed_in).role is Role.VIEWER
    (known,) = all_people(ledger)
    forget_person(ledger, known, actor=None)
    people.forget_answers()
    assert people.person(signed_in) is ANONYMOUS
    assert all_people(ledger) == []
    again = replace(signed_in, session="t", signed_in_at=ledger.clock() + timedelta(seconds=1))
    assert people.person(again).role is Role.VIEWER


def test_a_role_comes_from_an_admin_else_from_the_highest_group(ledger: Ledger) -> None:
    groups = {"team": Role.VIEWER, "lab": Role.ANALYST}
    people = People(ledger, admins=("root",), default_role=Role.NONE, groups=groups)

    def role(subject: str, *names: str) -> Role:
        return people.person(Identity(issuer="i", subject=subject, groups=names)).role

    assert [role("a"), role("b", "team"), role("c", "team", "lab", "x"), role("root")] == [
        *(Role.NONE, Role.VIEWER, Role.ANALYST, Role.ADMIN)
    ]
    lost = Identity(issuer="i", subject="c", groups=("lab",))
    see_person(ledger, known_person(lost, START))
    set_role(ledger, lost.person_id, "none")
    people.forget_answers()
    assert people.person(lost).role is Role.NONE
