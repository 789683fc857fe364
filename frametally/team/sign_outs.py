"""Signing out: the ledger keeps it, so that a copy of the cookie ends as well."""

from __future__ import annotations

from frametally.access.access import Access
from frametally.access.direct_client import Client
from frametally.ledger.events import Actor
from frametally.ledger.ledger import Ledger
from frametally.ledger.people import end_all_sessions, end_session, log_access


def sign_out(access: Access, ledger: Ledger, client: Client, *, everywhere: bool) -> None:
    """End the sign-in of this client, or all of the same person; does nothing without one."""
    identity = access.identity(client)
    if identity is None or not identity.session or access.people is None:
        return
    if everywhere:
        end_all_sessions(ledger, identity.person_id, ledger.clock())
    end_session(ledger, identity.session, ledger.clock())
    log_access(
        ledger,
        "Signed out in all browsers." if everywhere else "Signed out.",
        actor=Actor(identity.person_id, access.origin(client)),
    )
    access.people.forget_answers()
