"""The outbox: the notifications about job ends and rules that are to be sent, stored in the ledger.

A job end is an event of the job's history. For each channel a notice of it is recorded once, sent by the process that
claims it, and retried with growing intervals for a day. Delivery is at least once: after a crash between sending a
notice and recording that it was sent, it is sent again, with the same id.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.exc import IntegrityError

from frametally.backoff import Backoff
from frametally.job import FINAL, JobStatus
from frametally.ledger.events import EventKind
from frametally.ledger.ledger import Ledger
from frametally.ledger.tables import EVENT, JOB, NOTICE, NOTICE_CHANNEL

LEASE_S: Final = 120.0
"""Longer than one attempt may take; afterwards another process may claim the notice."""
RULE_STATUS: Final = "rule"
"""In place of a status, for an interval of a rule."""
BACKOFF: Final = Backoff(first_s=10.0, max_s=3600.0, factor=3)
GIVE_UP_AFTER: Final = timedelta(days=1)
_ENDS: Final = sorted(FINAL)

Channel = Literal["webhook", "e-mail"]


class Notice(Struct, frozen=True, kw_only=True):
    """One job end, or one interval of a rule, to be sent through one channel."""

    event_id: int
    channel: str
    job_id: str
    status: str
    """The status that the job ended in, or `RULE_STATUS`."""
    attempts: int
    """Number of attempts before this one."""
    made_at: datetime
    """When the notice was recorded."""
    next_try_at: datetime
    last_error: str = ""
    """Why the last attempt failed."""


class JobEnd(Struct, frozen=True, kw_only=True):
    """A job that ended or was lost."""

    event_id: int
    job_id: str
    status: JobStatus


class Outbox:
    """The notices of one ledger, shared by any number of processes."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def open_channel(self, channel: Channel, now: datetime) -> None:
        """Register a channel when it is first used: only jobs that end from then on are sent. Idempotent."""
        self._insert_new(NOTICE_CHANNEL.insert().values(name=channel, since=now))

    def fill(self, channel: Channel, now: datetime) -> None:
        """Record a notice of every job end, and for the webhook every interval of a rule, of the last day."""
        since = sa.select(NOTICE_CHANNEL.c.since).where(NOTICE_CHANNEL.c.name == channel).scalar_subquery()
        recorded = sa.exists().where(NOTICE.c.event_id == EVENT.c.id, NOTICE.c.channel == channel)
        is_end = sa.and_(EVENT.c.kind == EventKind.TRANSITION, EVENT.c.status.in_(_ENDS))
        wanted = sa.or_(is_end, EVENT.c.kind == EventKind.RULE) if channel == "webhook" else is_end
        query = sa.select(EVENT.c.id, EVENT.c.job_id, sa.func.coalesce(EVENT.c.status, RULE_STATUS)).where(
            wanted, EVENT.c.at >= now - GIVE_UP_AFTER, EVENT.c.at >= since, ~recorded
        )
        with self._ledger.reading() as connection:
            ends = connection.execute(query.order_by(EVENT.c.id)).all()
        for event_id, job_id, status in ends:
            row = {"event_id": event_id, "channel": channel, "job_id": job_id, "status": status, "state": "waiting"}
            times = {"made_at": now, "next_try_at": now}
            self._insert_new(NOTICE.insert().values(**row, **times, attempts=0, last_error=""))

    def claim(self, channel: Channel, now: datetime) -> Notice | None:
        """Claim the next notice that is due, for this caller alone; None if there is none."""
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

    def mark_sent(self, notice: Notice) -> None:
        """Record that a notice was sent, or is obsolete."""
        self._update(notice, {"state": "done", "last_error": ""})

    def mark_failed(self, notice: Notice, now: datetime, reason: str, retry_after_s: float | None = None) -> None:
        """Schedule the next attempt, or give up if that would be a day after the notice was recorded."""
        next_try_at = now + timedelta(seconds=max(BACKOFF.wait_s(notice.attempts), retry_after_s or 0.0))
        state = "waiting" if next_try_at - notice.made_at < GIVE_UP_AFTER else "given up"
        self._update(notice, {"state": state, "next_try_at": next_try_at, "last_error": reason})

    def remove_old(self, now: datetime) -> None:
        """Remove notices so old that `fill` cannot record them again."""
        with self._ledger.writing() as connection:
            connection.execute(NOTICE.delete().where(NOTICE.c.made_at < now - 2 * GIVE_UP_AFTER))

    def last_error(self, channel: Channel) -> str:
        """Why the latest notice of this channel failed; empty if none is failing."""
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
        except IntegrityError:  # recorded already, by this or another process
            return


def last_event(ledger: Ledger) -> int:
    """The id of the newest event of all jobs; 0 if there is none."""
    with ledger.reading() as connection:
        return connection.execute(sa.select(sa.func.max(EVENT.c.id))).scalar() or 0


def last_end(ledger: Ledger) -> int:
    """The id of the newest event that ended a job; 0 if there is none."""
    ended = sa.and_(EVENT.c.kind == EventKind.TRANSITION, EVENT.c.status.in_(_ENDS), *_seen(ledger))
    query = sa.select(EVENT.c.id).where(ended).order_by(EVENT.c.id.desc()).limit(1)
    with ledger.reading() as connection:
        return connection.execute(query).scalar() or 0


def ends_after(ledger: Ledger, event_id: int) -> list[JobEnd]:
    """The job ends after this event, oldest first, at most 1000."""
    is_end = sa.and_(EVENT.c.kind == EventKind.TRANSITION, EVENT.c.status.in_(_ENDS))
    ended = sa.and_(EVENT.c.id > event_id, is_end, *_seen(ledger))
    query = sa.select(EVENT.c.id, EVENT.c.job_id, EVENT.c.status).where(ended).order_by(EVENT.c.id).limit(1000)
    with ledger.reading() as connection:
        return [
            JobEnd(event_id=found_id, job_id=job_id, status=JobStatus(status))
            for found_id, job_id, status in connection.execute(query)
        ]


def _seen(ledger: Ledger) -> list[sa.ColumnElement[bool]]:
    """The conditions on events of jobs that are seen."""
    return [EVENT.c.job_id.in_(sa.select(JOB.c.id).where(*ledger.visible))] if ledger.visible else []
