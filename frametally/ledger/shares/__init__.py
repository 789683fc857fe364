"""Links to views that need no account: who made them, until when they are valid, how often they were used.

The token in a link is kept nowhere; a row has its sha256, which a request is looked up by.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from frametally.ledger.ledger import Ledger
from frametally.ledger.tables import JOB, SHARE, SHARE_JOB


class SharedJob(Struct, frozen=True, kw_only=True):
    """A job whose results a link shows."""

    job_id: str
    video_sha256: str | None = None
    """Its video, if that was stored when the link was made."""


class Share(Struct, frozen=True, kw_only=True):
    """A link to one view."""

    id: str
    token_sha256: str
    name: str
    request: str
    """What the brief shows, as JSON."""
    maker: str | None
    """Id of the person; None for the operator."""
    maker_role: str
    """The role that the maker had: it counts where the ledger gives the person none."""
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    password_hash: str = ""
    """Empty without a password."""
    follows: bool = False
    """Whether the brief is made again when the results change."""
    has_video: bool = False
    shows_preview: bool = False
    """Whether chat programs get title and picture."""
    views: int = 0
    last_viewed_at: datetime | None = None

    def is_over(self, now: datetime) -> bool:
        """Whether it was ended or has expired."""
        return self.revoked_at is not None or self.expires_at <= now


class ShareJobs(Struct, frozen=True, kw_only=True):
    """The jobs of a link as they are now."""

    jobs: tuple[SharedJob, ...]
    owners: tuple[str | None, ...]
    """Of those that are neither deleted nor removed."""


def digest_of(token: str) -> str:
    """What the ledger keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def add_share(ledger: Ledger, share: Share, jobs: Sequence[SharedJob]) -> None:
    """Insert a new share with its jobs."""
    with ledger.writing() as connection:
        connection.execute(SHARE.insert().values(msgspec.structs.asdict(share)))
        connection.execute(SHARE_JOB.insert(), [{"share_id": share.id, **msgspec.structs.asdict(job)} for job in jobs])


def share_with_token(ledger: Ledger, token: str) -> Share | None:
    """The share that this token belongs to."""
    return next(iter(_shares(ledger, SHARE.c.token_sha256 == digest_of(token))), None)


def share_with_id(ledger: Ledger, share_id: str) -> Share | None:
    """The share with this id."""
    return next(iter(_shares(ledger, SHARE.c.id == share_id)), None)


def all_shares(ledger: Ledger) -> list[Share]:
    """All shares, newest first, those that are over included."""
    return _shares(ledger)


def jobs_of_share(ledger: Ledger, share_id: str) -> ShareJobs:
    """The jobs of a share, and the owners of those that can be seen now."""
    row = sa.select(SHARE_JOB.c.job_id, SHARE_JOB.c.video_sha256, JOB.c.id, JOB.c.deleted_at, JOB.c.owner)
    query = row.select_from(SHARE_JOB.outerjoin(JOB, JOB.c.id == SHARE_JOB.c.job_id))
    with ledger.reading() as connection:
        rows = connection.execute(query.where(SHARE_JOB.c.share_id == share_id).order_by(SHARE_JOB.c.job_id)).all()
    jobs = tuple(SharedJob(job_id=row.job_id, video_sha256=row.video_sha256) for row in rows)
    return ShareJobs(jobs=jobs, owners=tuple(row.owner for row in rows if row.id and row.deleted_at is None))


def end_shares(ledger: Ledger, share_ids: Iterable[str], now: datetime) -> int:
    """End these shares at once; returns the number of those that were not over before."""
    with ledger.writing() as connection:
        wanted = SHARE.update().where(SHARE.c.id.in_(list(share_ids)), SHARE.c.revoked_at.is_(None))
        return connection.execute(wanted.values(revoked_at=now)).rowcount


def remove_share(ledger: Ledger, share_id: str) -> None:
    """Remove the row of a share that is over."""
    with ledger.writing() as connection:
        connection.execute(SHARE_JOB.delete().where(SHARE_JOB.c.share_id == share_id))
        connection.execute(SHARE.delete().where(SHARE.c.id == share_id))


def count_views(ledger: Ledger, views: Mapping[str, int], now: datetime) -> None:
    """Add views, by id of the share, in one transaction."""
    with ledger.writing() as connection:
        for share_id, count in views.items():
            more = {"views": SHARE.c.views + count, "last_viewed_at": now}
            connection.execute(SHARE.update().where(SHARE.c.id == share_id).values(more))


def _shares(ledger: Ledger, *conditions: sa.ColumnElement[bool]) -> list[Share]:
    query = SHARE.select().where(*conditions).order_by(SHARE.c.created_at.desc(), SHARE.c.id)
    with ledger.reading() as connection:
        return [Share(**row) for row in connection.execute(query).mappings()]
