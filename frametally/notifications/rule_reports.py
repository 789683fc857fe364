"""Report the intervals of rules: one entry in the history of the job and one message to the webhook for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from frametally.access.permissions import Action, require
from frametally.access.person import Person, actor_of
from frametally.ledger import events
from frametally.ledger.events import Actor, EventKind
from frametally.ledger.ledger import Ledger
from frametally.ledger.tables import JOB, RULE_REPORT
from frametally.regions.messages import rule_sentence
from frametally.regions.rules import RuleInterval

MAX_REPORTS: Final = 100
"""Of one job: a rule that holds and ends all the time must not flood the receiver."""


class RuleReport(Struct, frozen=True, kw_only=True):
    """An interval that was reported; times in seconds after the first frame."""

    event_id: int
    job_id: str
    rule: str
    zone: str
    start_s: float
    end_s: float
    is_open: bool
    peak: int

    @property
    def interval(self) -> RuleInterval:
        return RuleInterval(self.rule, self.zone, self.start_s, self.end_s, -1, self.peak, self.is_open)


def report_intervals(
    ledger: Ledger, job_id: str, intervals: Sequence[RuleInterval], *, actor: Person | None
) -> list[RuleReport]:
    """Report those that are new; returns them. An interval that overlaps a reported one of its rule is the same.

    Idempotent, also for several processes: the intervals of a job are written in one transaction that holds its row.

    Raises:
        AccessDenied: the person may not edit lines and zones.
    """
    require(actor, Action.EDIT_REGIONS)
    made: list[RuleReport] = []
    with ledger.writing() as connection:
        # Locks the row: on PostgreSQL, a second process waits here.
        if not connection.execute(JOB.update().where(JOB.c.id == job_id).values(id=job_id)).rowcount:
            return []
        known = _reports(connection, job_id)
        for interval in intervals:
            if len(known) >= MAX_REPORTS:
                break
            if not any(_is_same(interval, report) for report in known):
                report = _write(connection, ledger, job_id, interval, actor_of(actor))
                known.append(report)
                made.append(report)
    return made


def report_with(ledger: Ledger, event_id: int) -> RuleReport | None:
    """The report of this event; None if its job was removed."""
    with ledger.reading() as connection:
        query = RULE_REPORT.select().where(RULE_REPORT.c.event_id == event_id)
        row = connection.execute(query).mappings().first()
    return None if row is None else RuleReport(**row)


def _reports(connection: sa.Connection, job_id: str) -> list[RuleReport]:
    query = RULE_REPORT.select().where(RULE_REPORT.c.job_id == job_id).order_by(RULE_REPORT.c.event_id)
    return [RuleReport(**row) for row in connection.execute(query).mappings()]


def _is_same(interval: RuleInterval, report: RuleReport) -> bool:
    return interval.rule == report.rule and interval.start_s <= report.end_s and report.start_s <= interval.end_s


def _write(
    connection: sa.Connection, ledger: Ledger, job_id: str, interval: RuleInterval, actor: Actor | None
) -> RuleReport:
    report = RuleReport(
        event_id=events.write(connection, job_id, ledger.clock(), EventKind.RULE, rule_sentence(interval), actor=actor),
        job_id=job_id,
        rule=interval.rule,
        zone=interval.zone,
        start_s=interval.start_s,
        end_s=interval.end_s,
        is_open=interval.is_open,
        peak=interval.peak,
    )
    connection.execute(RULE_REPORT.insert().values(msgspec.structs.asdict(report)))
    return report
