"""Links for the messages of jobs that are done, made with the rights of the owner of each job."""

from __future__ import annotations

import logging
from collections import OrderedDict
from datetime import timedelta
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from frametally.access.person import OPERATOR, Person, Role
from frametally.analysis.view_spec import ViewSpec
from frametally.errors import FrametallyError
from frametally.job import Job
from frametally.reports.request import BriefRequest
from frametally.reports.shares.shares import DEFAULT_DAYS, ShareOptions, Shares

_MAX_KNOWN: Final = 1000
_LOG = logging.getLogger(__name__)


class WebhookLinks:
    """Makes one link per job, however often its message is sent. Used by the thread of the notifier only."""

    def __init__(self, shares: Shares, public_url: str) -> None:
        self._shares = shares
        self._public_url = public_url
        self._made: OrderedDict[str, str | None] = OrderedDict()

    def __call__(self, job: Job) -> str | None:
        """The link; None if the owner may not share the job, or its brief cannot be made: the message goes without.

        Raises:
            SQLAlchemyError: the ledger is away; the message is sent later.
        """
        if job.id not in self._made:
            self._made[job.id] = self._make(job)
            if len(self._made) > _MAX_KNOWN:
                self._made.popitem(last=False)
        return self._made[job.id]

    def _make(self, job: Job) -> str | None:
        request = BriefRequest(view=ViewSpec(job_ids=(job.id,)))
        expires_at = self._shares.clock() + timedelta(days=DEFAULT_DAYS)
        options = ShareOptions(name=f"Webhook: {job.video_name}"[:200], expires_at=expires_at, follows=True)
        try:
            new = self._shares.create(request, options, actor=self._owner(job))
        except FrametallyError as error:
            _LOG.warning("A message goes without its link: %s", error)
            return None
        except SQLAlchemyError:
            raise
        except Exception:
            _LOG.exception("A message goes without its link")
            return None
        return f"{self._public_url.rstrip('/')}{new.path}"

    def _owner(self, job: Job) -> Person:
        people = self._shares.validity.access.people
        if job.owner is None or people is None:
            return OPERATOR
        return people.known_person(job.owner, Role.NONE)
