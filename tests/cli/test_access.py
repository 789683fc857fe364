"""`frametally access`."""

from __future__ import annotations

from pathlib import Path

import pytest

from frametally.access.identity import Identity
from frametally.access.people import known_person
from frametally.cli.main import main
from frametally.ledger.people import access_events, all_people, see_person
from tests.support.ledgers import START, open_ledger


def test_access_grant_gives_a_person_who_signed_in_a_role(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(tmp_path))
    identity = Identity(issuer="https://id.example.com", subject="ann", name="Ann")
    with open_ledger(f"sqlite:///{tmp_path}/frametally.db") as ledger:
        see_person(ledger, known_person(identity, START))
        assert main(["access", "grant", "ann", "admin"]) == 0
        assert main(["access", "grant", "bob", "admin"]) == 3
        assert main(["access", "list"]) == 0
        assert [person.role for person in all_people(ledger)] == ["admin"]
        assert [(event.what, event.about) for event in access_events(ledger, 5)] == [
            ("Role: admin.", identity.person_id)
        ]
    assert "ann\tadmin\tAnn" in capsys.readouterr().out
