"""What people have seen in frames: the newest answer of each person to each frame.

A frame is identified as by `frametally.video.picture_key`, so a check is independent of job, model and threshold.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.exc import IntegrityError

from frametally.ledger.ledger import Ledger
from frametally.ledger.tables import FRAME_CHECK


class FrameCheck(Struct, frozen=True, kw_only=True):
    """What one person has seen in one frame."""

    video: str
    """`PictureKey.video`."""
    time: int
    """`PictureKey.time`."""
    checker: str
    """Who checked it; empty while there is no sign-in."""
    seen: str
    """`frametally.audit.seen.Seen`, JSON."""
    begun_at: datetime
    """When this person checked it first."""
    checked_at: datetime


def keep_check(ledger: Ledger, video: str, time: int, seen: str, *, actor: str | None) -> None:
    """Keep what a person has seen; it replaces what the same person has seen there before."""
    now, checker = ledger.clock(), actor or ""
    this = sa.and_(FRAME_CHECK.c.video == video, FRAME_CHECK.c.time == time, FRAME_CHECK.c.checker == checker)
    changed = FRAME_CHECK.update().where(this).values(seen=seen, checked_at=now)
    added = FRAME_CHECK.insert().values(
        video=video, time=time, checker=checker, seen=seen, begun_at=now, checked_at=now
    )
    try:
        with ledger.writing() as connection:
            if not connection.execute(changed).rowcount:
                connection.execute(added)
    except IntegrityError:  # another browser of this person was faster
        with ledger.writing() as connection:
            connection.execute(changed)


def checks_version(ledger: Ledger, video: str) -> tuple[int, datetime | None]:
    """Changes with every check of a video."""
    known = sa.select(sa.func.count(), sa.func.max(FRAME_CHECK.c.checked_at)).where(FRAME_CHECK.c.video == video)
    with ledger.reading() as connection:
        count, latest = connection.execute(known).one()
        return count, latest


def checks_of(ledger: Ledger, video: str) -> list[FrameCheck]:
    """The checks of a video, in the order in which they were begun; own ones in a ledger that shows own jobs."""
    own = [] if ledger.only_owner is None else [FRAME_CHECK.c.checker == ledger.only_owner]
    wanted = FRAME_CHECK.select().where(FRAME_CHECK.c.video == video, *own)
    with ledger.reading() as connection:
        rows = connection.execute(wanted.order_by(FRAME_CHECK.c.begun_at, FRAME_CHECK.c.checker)).mappings()
        return [FrameCheck(**row) for row in rows]
