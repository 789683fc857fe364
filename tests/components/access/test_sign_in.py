"""A fragment asks for a run of the page that it was drawn with, once the rights of the person are others."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
import streamlit as st

from components.access import sign_in
from frametally.access.person import Person, Role

ADMIN = Person(id="ann", name="Ann", role=Role.ADMIN, sees_own_only=True)


class Rerun(Exception):
    """Instead of the one of Streamlit, which ends the run."""


@pytest.mark.parametrize(("later", "is_redrawn"), [(Role.ADMIN, False), (Role.ANALYST, True)])
def test_a_person_who_sees_other_jobs_than_before_gets_the_page_again(
    monkeypatch: pytest.MonkeyPatch, later: Role, is_redrawn: bool
) -> None:
    def rerun() -> None:
        raise Rerun

    def run(person: Person, fragments: list[str]) -> None:
        monkeypatch.setattr(sign_in, "current_person", lambda: person)
        monkeypatch.setattr(sign_in, "get_script_run_ctx", lambda: SimpleNamespace(fragment_ids_this_run=fragments))
        sign_in.require_sign_in()

    monkeypatch.setattr(sign_in, "is_allowed", lambda _: True)
    monkeypatch.setattr(st, "session_state", {})
    monkeypatch.setattr(st, "rerun", rerun)
    run(ADMIN, [])
    redrawn = False
    try:
        run(replace(ADMIN, role=later), ["a"])
    except Rerun:
        redrawn = True
    assert redrawn == is_redrawn
    run(replace(ADMIN, role=later), [])
    run(replace(ADMIN, role=later), ["a"])
