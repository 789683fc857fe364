"""The checks of rules that are due, stored in the ledger: one for each job that was started with a camera.

A check is claimed by one process, which renews its claim while it works. Intervals are reported before the check is
recorded as done; after a crash in between, the check is repeated, and finds them reported.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from msgspec import Struct

from frametally.backoff import Backoff
from frametally.job import JobStatus
from frametally.ledger.ledger import Ledger
from frametally.ledger.tables import JOB, JOB_CAMERA, REGION_SET, RULE_CHECK
from frametally.notifications.rule_reports import report_intervals
from frametally.notifications.rules.spec import Finding

LEASE_S: Final = 120.0
"""How long a claim lasts that is not renewed; afterwards another process may take the check over."""
BACKOFF: Final = Backoff(first_s=30.0, max_s=3600.0, factor=4)
MAX_ATTEMPTS: Final = 5


class RuleCheck(Struct, frozen=True, kw_only=True):
    """The rules of a camera are to be checked in a job that has results."""

    job_id: str
    attempts: int
    """Number of attempts, with this one."""
    video_sha256: str | None
    camera: str | None
    """None if it is not known any more."""
    regions: str | None
    """JSON of the set of the camera; None if it has none."""


class RuleChecks:
    """The checks of one ledger, shared by any number of processes."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def order(self, job_id: str, now: datetime) -> None:
        """Have the rules of its camera checked in a job that was started without one, or check them again."""
        values = {"state": "waiting", "attempts": 0, "next_try_at": now}
        with self._ledger.writing() as connection:
            if not connection.execute(RULE_CHECK.update().where(RULE_CHECK.c.job_id == job_id).values(values)).rowcount:
                connection.execute(RULE_CHECK.insert().values(job_id=job_id, **values))

    def claim(self, now: datetime) -> RuleCheck | None:
        """Claim the next check that is due, for this caller alone; None if there is none."""
        for check in self._due(now):
            claimed = sa.and_(RULE_CHECK.c.attempts == check.attempts - 1, RULE_CHECK.c.next_try_at <= now)
            later = now + timedelta(seconds=LEASE_S)
            if self._update(check.job_id, claimed, attempts=check.attempts, next_try_at=later):
                return check
        return None

    def renew(self, check: RuleCheck, now: datetime) -> None:
        """Keep the claim for as long again."""
        self._update_mine(check, next_try_at=now + timedelta(seconds=LEASE_S))

    def release(self, check: RuleCheck, now: datetime) -> None:
        """Give an unfinished check back, for the next process at once."""
        self._update_mine(check, attempts=check.attempts - 1, next_try_at=now)

    def finish(self, check: RuleCheck, finding: Finding | None) -> None:
        """Report what was found, and say in the history of the job that it was checked; None: there are no rules."""
        if finding is None:
            self._update_mine(check, state="done")
            return
        report_intervals(self._ledger, check.job_id, finding.intervals, actor=None)
        if self._update_mine(check, state="done"):
            self._ledger.log_action(check.job_id, _sentence(check, finding), actor=None)

    def fail(self, check: RuleCheck, now: datetime, reason: str) -> None:
        """Schedule the next attempt, or give up and say so in the history of the job."""
        if check.attempts < MAX_ATTEMPTS:
            again = now + timedelta(seconds=BACKOFF.wait_s(check.attempts - 1))
            self._update_mine(check, next_try_at=again)
        elif self._update_mine(check, state="given up"):
            what = f"The rules of {check.camera} could not be checked. {reason}"
            self._ledger.log_action(check.job_id, what, actor=None)

    def _due(self, now: datetime) -> list[RuleCheck]:
        this = JOB.c.id == RULE_CHECK.c.job_id
        has_results = sa.and_(JOB.c.status == JobStatus.SUCCEEDED, JOB.c.deleted_at.is_(None))
        query = (
            sa.select(
                RULE_CHECK.c.job_id,
                RULE_CHECK.c.attempts + 1,
                JOB.c.video_sha256,
                JOB_CAMERA.c.camera,
                REGION_SET.c.content,
            )
            .join(JOB, sa.and_(this, has_results))
            .outerjoin(JOB_CAMERA, JOB_CAMERA.c.job_id == RULE_CHECK.c.job_id)
            .outerjoin(REGION_SET, REGION_SET.c.camera == JOB_CAMERA.c.camera)
            .where(RULE_CHECK.c.state == "waiting", RULE_CHECK.c.next_try_at <= now)
            .order_by(RULE_CHECK.c.next_try_at, RULE_CHECK.c.job_id)
            .limit(20)
        )
        with self._ledger.reading() as connection:
            return [
                RuleCheck(job_id=job_id, attempts=attempts, video_sha256=sha256, camera=camera, regions=content)
                for job_id, attempts, sha256, camera, content in connection.execute(query)
            ]

    def _update_mine(self, check: RuleCheck, **values: object) -> bool:
        """False if another process has taken the check over."""
        return self._update(check.job_id, RULE_CHECK.c.attempts == check.attempts, **values)

    def _update(self, job_id: str, condition: sa.ColumnElement[bool], **values: object) -> bool:
        this = sa.and_(RULE_CHECK.c.job_id == job_id, RULE_CHECK.c.state == "waiting", condition)
        with self._ledger.writing() as connection:
            return connection.execute(RULE_CHECK.update().where(this).values(values)).rowcount == 1


def _sentence(check: RuleCheck, finding: Finding) -> str:
    count = len(finding.intervals)
    checked = f"The rules of {check.camera} were checked: {count or 'no'} interval{'s' if count != 1 else ''}."
    return " ".join([checked, *finding.notes] if finding.was_counted else finding.notes)
