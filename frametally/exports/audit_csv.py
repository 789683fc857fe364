"""The audit as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Final

from frametally.access.names import name_of, names_by_id
from frametally.exports.spreadsheet import escape_formulas
from frametally.ledger.ledger import Ledger
from frametally.ledger.people.audit import AuditEntry, audit_entries

COLUMNS: Final = ("Time (UTC)", "Person", "What", "Job or person", "From")
_COMMAND_LINE: Final = "command line"
_MAX_ROWS: Final = 100_000


def audit_rows(ledger: Ledger, limit: int) -> list[tuple[str, ...]]:
    """The newest entries, with the names of people, in the order of `COLUMNS`."""
    names = names_by_id(ledger)
    return [_row(entry, names) for entry in audit_entries(ledger, limit)]


def audit_csv(ledger: Ledger) -> str:
    """All entries, at most 100,000; safe to open in a spreadsheet."""
    text = io.StringIO()
    text.write("\ufeff")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(escape_formulas(list(row)) for row in audit_rows(ledger, _MAX_ROWS))
    return text.getvalue()


def _row(entry: AuditEntry, names: Mapping[str, str]) -> tuple[str, ...]:
    about = entry.job_id or name_of(entry.person_id, names)
    return (
        f"{entry.at:%Y-%m-%d %H:%M:%S}",
        name_of(entry.actor, names) or _COMMAND_LINE,
        entry.what,
        about,
        entry.origin,
    )
