"""The People page: roles, sign-outs, removal, and who did what."""

from __future__ import annotations

import pytest

from components.session import get_deployment
from frametally.access.identity import Identity
from frametally.access.people import known_person
from frametally.access.person import Person, Role
from frametally.deployment import Deployment
from frametally.exports.audit_csv import audit_csv, audit_rows
from frametally.job import JobStatus
from frametally.jobs.deletion import delete
from frametally.ledger.people import all_people, see_person, set_role
from tests.support.ledgers import START
from tests.support.pages import button, open_tab, texts, write_job

VIC = Identity(issuer="https://id.example.com", subject="vic", name="=Vic *V*", email="vic@example.com")


@pytest.fixture
def team(monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """A deployment with a sign-in, where Vic has signed in once and deleted a job."""
    monkeypatch.setenv("FRAMETALLY_ACCESS", "oidc")
    monkeypatch.setenv("FRAMETALLY_OIDC_URL", "https://id.example.com/c")
    monkeypatch.setenv("FRAMETALLY_OIDC_CLIENT_ID", "c")
    monkeypatch.setenv("FRAMETALLY_OIDC_CLIENT_SECRET", "s")
    deployment = get_deployment()
    see_person(deployment.ledger, known_person(VIC, START))
    job = write_job(deployment, JobStatus.FAILED, failure="It failed.")
    delete(deployment.ledger, [job.id], START, actor=Person(id=VIC.person_id, name=VIC.name, role=Role.ADMIN))
    return deployment


def test_an_admin_gives_a_role_signs_out_and_removes_a_person_whose_history_remains(team: Deployment) -> None:
    page = open_tab("people")
    assert "=Vic \\*V\\*" in texts(page)
    page.selectbox(f"role-{VIC.person_id}-None").set_value(Role.ANALYST).run()
    assert [person.role for person in all_people(team.ledger)] == ["analyst"]
    set_role(team.ledger, VIC.person_id, "viewer")  # by another admin
    page.run()
    assert [person.role for person in all_people(team.ledger)] == ["viewer"]
    button(page, "Sign out").click().run()
    assert [person.not_before is not None for person in all_people(team.ledger)] == [True]
    assert {row[2] for row in audit_rows(team.ledger, 10) if row[1] == VIC.name} == {"Deleted."}
    assert "'=Vic *V*" in audit_csv(team.ledger)
    page.button(f"removed-{VIC.person_id}").click().run()
    assert all_people(team.ledger) == []
    assert [row[1] for row in audit_rows(team.ledger, 10) if row[2] == "Deleted."] == ["former user"]
    assert not page.exception
