"""Who owns jobs."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from frametally.ledger.ledger import Ledger
from frametally.ledger.tables import JOB

_AT_ONCE = 500
"""Databases limit the number of values in one query."""


def owners_of(ledger: Ledger, job_ids: Sequence[str]) -> set[str | None]:
    """The owners of these jobs, deleted ones included; None stands for jobs without an owner."""
    found: set[str | None] = set()
    with ledger.reading() as connection:
        for start in range(0, len(job_ids), _AT_ONCE):
            wanted = JOB.c.id.in_(job_ids[start : start + _AT_ONCE])
            found |= set(connection.execute(sa.select(JOB.c.owner).where(wanted).distinct()).scalars())
    return found
