"""Audits that were begun: which frames could be drawn, how many were planned, and by whom.

An audit belongs to a stored video, as notes do: all jobs on it use what was checked.
"""

from __future__ import annotations

import uuid
from datetime import datetime

import msgspec
from msgspec import Struct

from frametally.ledger.ledger import Ledger
from frametally.ledger.tables import AUDIT


class PlannedAudit(Struct, frozen=True, kw_only=True):
    """A sample of the frames of one video."""

    id: str
    video: str
    """`PictureKey.video`."""
    population: str
    """The times of all frames that could be drawn, as `frametally.audit.population` packs them."""
    settings: str
    """Job, model and filters that it was begun with, JSON."""
    seed: int
    planned: int
    """How many frames were to be checked; fixed before the first was seen."""
    created_at: datetime
    actor: str | None = None
    """Who began it; None while there is no sign-in."""


def begin_audit(
    ledger: Ledger, video: str, population: str, settings: str, *, seed: int, planned: int, actor: str | None
) -> PlannedAudit:
    """Keep a new audit."""
    audit = PlannedAudit(
        id=str(uuid.uuid4()),
        video=video,
        population=population,
        settings=settings,
        seed=seed,
        planned=planned,
        created_at=ledger.clock(),
        actor=actor,
    )
    with ledger.writing() as connection:
        connection.execute(AUDIT.insert().values(msgspec.structs.asdict(audit)))
    return audit


def audits_of(ledger: Ledger, video: str) -> list[PlannedAudit]:
    """The audits of a video, the newest first; own ones in a ledger that shows own jobs."""
    own = [] if ledger.only_owner is None else [AUDIT.c.actor == ledger.only_owner]
    wanted = AUDIT.select().where(AUDIT.c.video == video, *own)
    with ledger.reading() as connection:
        rows = connection.execute(wanted.order_by(AUDIT.c.created_at.desc(), AUDIT.c.id)).mappings()
        return [PlannedAudit(**row) for row in rows]
