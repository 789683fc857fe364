"""Who is still to be told of which end of a job: rows of the ledger, so that a restart forgets and repeats nothing.

An end is a line of a job's history. For each channel it is written down once, sent by whichever process claims it,
and tried again, ever more seldom, for a day.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Final, Literal

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.exc import IntegrityError

from frametally.job import JobStatus
from frametally.ledger.events import EventKind
from frametally.ledger.ledger import Ledger
from frametally.ledger.tables import EVENT, METADATA, Timestamp

ENDS: Final = (JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.LOST, JobStatus.CANCELLED)
LEASE_S: Final = 120.0
"""Longer than one attempt may take; then somebody else may try."""
FIRST_PAUSE_S: Final = 10.0
MAX_PAUSE_S: Final = 3600.0
GIVE_UP_AFTER: Final = timedelta(days=1)

Channel = Literal["webhook", "e-mail"]

NOTICE: Final = sa.Table(
    "notice",
    METADATA,
    sa.Column("event_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("channel", sa.String(16), primary_key=True),
    sa.Column("job_id", sa.String(36), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("made_at", Timestamp, nullable=False),
    sa.Column("next_try_at", Timestamp, nullable=False),
    sa.Column("last_error", sa.Text, nullable=False),
)
CHANNEL: Final = sa.Table(
    "notice_channel",
    METADATA,
    sa.Column("name", sa.String(16), primary_key=True),
    sa.Column("since", Timestamp, nullable=False),
)


class Notice(Struct, frozen=True, kw_only=True):
    """One end of a job that somebody is to be told of."""

    event_id: int
    channel: str
    job_id: str
    status: str
    """The state that the job came into."""
    attempts: int
    made_at: datetime
    next_try_at: datetime
    last_error: str = ""
    """Why the last attempt failed."""


class JobEnd(Struct, frozen=True, kw_only=True):
    """That a job has come to an end, or was lost."""

    event_id: int
    job_id: str
    status: JobStatus


class Outbox:
    """The notices of one ledger; any number of processes may work on them."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def open_channel(self, channel: Channel, now: datetime) -> None:
        """Tell of what ends from now on, where this channel was never used: a new one is not flooded with the past."""
        self._insert_new(CHANNEL.insert().values(name=channel, since=now))

    def fill(self, channel: Channel, now: datetime) -> None:
        """Write down which ends of the last day are still to be told of."""
        since = sa.select(CHANNEL.c.since).where(CHANNEL.c.name == channel).scalar_subquery()
        told = sa.exists().where(NOTICE.c.event_id == EVENT.c.id, NOTICE.c.channel == channel)
        lately = sa.and_(EVENT.c.kind == EventKind.MOVED, EVENT.c.at >= now - GIVE_UP_AFTER, EVENT.c.at >= since)
        query = sa.select(EVENT.c.id, EVENT.c.job_id, EVENT.c.status).where(lately, EVENT.c.status.in_(ENDS), ~told)
        with self._ledger.reading() as connection:
            ends = connection.execute(query.order_by(EVENT.c.id)).all()
        for event_id, job_id, status in ends:
            row = {"event_id": event_id, "channel": channel, "job_id": job_id, "status": status, "state": "waiting"}
            times = {"made_at": now, "next_try_at": now}
            self._insert_new(NOTICE.insert().values(**row, **times, attempts=0, last_error=""))

    def claim(self, channel: Channel, now: datetime) -> Notice | None:
        """The notice whose turn has come, for this caller alone; None where there is none."""
        waiting = sa.and_(NOTICE.c.channel == channel, NOTICE.c.state == "waiting", NOTICE.c.next_try_at <= now)
        query = NOTICE.select().where(waiting).order_by(NOTICE.c.next_try_at, NOTICE.c.event_id).limit(20)
        with self._ledger.reading() as connection:
            rows = connection.execute(query).mappings().all()
        for row in rows:
            notice = Notice(**{name: row[name] for name in Notice.__struct_fields__})
            later = {"next_try_at": now + timedelta(seconds=LEASE_S), "attempts": notice.attempts + 1}
            if self._update(notice, later, NOTICE.c.attempts == notice.attempts):
                return notice
        return None

    def is_done(self, notice: Notice) -> None:
        """It was sent, or there is nothing to tell any more."""
        self._update(notice, {"state": "done", "last_error": ""})

    def has_failed(self, notice: Notice, now: datetime, why: str, asked_for_s: float | None = None) -> None:
        """Try it again later, or no more after a day."""
        pause_s = min(FIRST_PAUSE_S * 3**notice.attempts, MAX_PAUSE_S) * random.uniform(1.0, 1.2)  # noqa: S311
        again_at = now + timedelta(seconds=max(pause_s, asked_for_s or 0.0))
        state = "waiting" if again_at - notice.made_at < GIVE_UP_AFTER else "given up"
        self._update(notice, {"state": state, "next_try_at": again_at, "last_error": why})

    def forget_old(self, now: datetime) -> None:
        """Remove what was settled so long ago that it cannot be written down again."""
        with self._ledger.writing() as connection:
            connection.execute(NOTICE.delete().where(NOTICE.c.made_at < now - 2 * GIVE_UP_AFTER))

    def last_error(self, channel: Channel) -> str:
        """Why the notices of this channel that wait do not get through; empty where all is well."""
        failing = sa.and_(NOTICE.c.channel == channel, NOTICE.c.state != "done", NOTICE.c.last_error != "")
        query = sa.select(NOTICE.c.last_error).where(failing).order_by(NOTICE.c.next_try_at.desc()).limit(1)
        with self._ledger.reading() as connection:
            return connection.execute(query).scalar() or ""

    def _update(self, notice: Notice, values: dict[str, object], *conditions: sa.ColumnElement[bool]) -> bool:
        this = sa.and_(NOTICE.c.event_id == notice.event_id, NOTICE.c.channel == notice.channel, *conditions)
        with self._ledger.writing() as connection:
            return connection.execute(NOTICE.update().where(this).values(values)).rowcount == 1

    def _insert_new(self, insert: sa.Insert) -> None:
        try:
            with self._ledger.writing() as connection:
                connection.execute(insert)
        except IntegrityError:  # another process was there first, or it has long been so
            return


def last_event(ledger: Ledger) -> int:
    """Where the history of all jobs ends now."""
    with ledger.reading() as connection:
        return connection.execute(sa.select(sa.func.max(EVENT.c.id))).scalar() or 0


def ends_after(ledger: Ledger, event_id: int) -> list[JobEnd]:
    """Which jobs have ended since this line of the history, the oldest first."""
    ended = sa.and_(EVENT.c.id > event_id, EVENT.c.kind == EventKind.MOVED, EVENT.c.status.in_(ENDS))
    query = sa.select(EVENT.c.id, EVENT.c.job_id, EVENT.c.status).where(ended).order_by(EVENT.c.id).limit(1000)
    with ledger.reading() as connection:
        return [
            JobEnd(event_id=at, job_id=job_id, status=JobStatus(status))
            for at, job_id, status in connection.execute(query)
        ]
