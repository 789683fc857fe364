"""`frametally access grant ID ROLE`: give a person a role, also when no admin can sign in."""

from __future__ import annotations

from typing import Any

from frametally.access.person import Role
from frametally.cli.environment import read_settings
from frametally.cli.exit_code import ExitCode
from frametally.config.settings import Settings
from frametally.errors import SettingsError
from frametally.ledger.ledger import Ledger
from frametally.ledger.people import KnownPerson, all_people
from frametally.team.people import ASSIGNABLE, grant


def add_parser(commands: Any) -> None:
    """Register the command."""
    parser = commands.add_parser("access", help="list people and give them roles")
    actions = parser.add_subparsers(required=True, dest="action", metavar="ACTION")
    listing = actions.add_parser("list", help="people who have signed in, with their roles")
    listing.set_defaults(execute=lambda _: list_people(read_settings()))
    granting = actions.add_parser("grant", help="give a person who has signed in once a role")
    granting.add_argument("id", metavar="ID", help="the ID that the sign-in page shows")
    granting.add_argument("role", choices=[role.value for role in ASSIGNABLE])
    granting.set_defaults(execute=lambda options: grant_role(options.id, Role(options.role), read_settings()))


def list_people(settings: Settings) -> int:
    """Print everyone; returns the exit code."""
    ledger = Ledger(settings.database_url)
    for person in all_people(ledger):
        print(f"{person.subject}\t{person.role or settings.access_role}\t{person.name}\t{person.issuer}")
    ledger.close()
    return ExitCode.OK


def grant_role(subject: str, role: Role, settings: Settings) -> int:
    """Give the role; returns the exit code.

    Raises:
        SettingsError: no person with this ID has signed in yet, or people of several providers have it.
    """
    ledger = Ledger(settings.database_url)
    try:
        person = _find(ledger, subject)
        grant(ledger, person, role, actor=None)
    finally:
        ledger.close()
    print(f"{person.name} is now {role.value}.")
    return ExitCode.OK


def _find(ledger: Ledger, subject: str) -> KnownPerson:
    found = [person for person in all_people(ledger) if subject in (person.subject, person.id)]
    if len(found) != 1:
        what = f"There is no person with the ID {subject}." if not found else f"{len(found)} people have this ID."
        raise SettingsError(what, "`frametally access list` shows those who have signed in.")
    return found[0]
