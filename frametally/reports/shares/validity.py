"""Whether a link may be served: it dies with its jobs, their videos, and the rights of the person who made it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from frametally.access.access import Access
from frametally.access.permissions import Action, may, require
from frametally.access.person import ANONYMOUS, OPERATOR, Person, Role
from frametally.ledger.ledger import Ledger
from frametally.ledger.shares import Share, ShareJobs, jobs_of_share
from frametally.library.library import Library


@dataclass(frozen=True, kw_only=True)
class Validity:
    """Decides it from what the ledger and the library have now."""

    ledger: Ledger
    library: Library
    access: Access

    def is_valid(self, share: Share, now: datetime) -> bool:
        """Whether it may be served."""
        if share.is_over(now):
            return False
        jobs = jobs_of_share(self.ledger, share.id)
        return self._has_all(jobs) and may_share(self.maker_of(share), *jobs.owners)

    def is_orphaned(self, share: Share) -> bool:
        """Whether its job or its video was removed for good; a job that is deleted can be restored for an hour."""
        jobs = jobs_of_share(self.ledger, share.id)
        return not jobs.jobs or not self._has_videos(jobs)

    def role_by_sign_in(self, person: Person | None) -> Role:
        """What is to be kept of the maker's role; see `People.role_by_sign_in`."""
        return self.access.people.role_by_sign_in(person) if person and person.id and self.access.people else Role.NONE

    def maker_of(self, share: Share) -> Person:
        """The person who made it, with the role that they have now; ANONYMOUS if they were removed."""
        if share.maker is None:
            return OPERATOR
        people = self.access.people
        return people.known_person(share.maker, Role(share.maker_role)) if people else ANONYMOUS

    def _has_all(self, jobs: ShareJobs) -> bool:
        return bool(jobs.jobs) and len(jobs.owners) == len(jobs.jobs) and self._has_videos(jobs)

    def _has_videos(self, jobs: ShareJobs) -> bool:
        return all(self.library.get(job.video_sha256) for job in jobs.jobs if job.video_sha256)


def may_share(person: Person, *owners: str | None) -> bool:
    """Whether the person may share jobs of these owners: they also have to see them."""
    return may(person, Action.SHARE, *owners) and may(person, Action.SEE_JOB, *owners)


def require_share(person: Person | None, *owners: str | None) -> None:
    """Refuse it unless `may_share` allows it.

    Raises:
        AccessDenied: the person may not share views, or does not see one of the jobs.
    """
    require(person, Action.SEE_JOB, *owners)
    require(person, Action.SHARE, *owners)
