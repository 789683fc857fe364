"""The links of a deployment: creating, listing and ending them, and keeping their briefs."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from frametally.access.permissions import Action, may, require
from frametally.access.person import OPERATOR, Person, actor_of, id_of
from frametally.analysis.view import Progress
from frametally.job import Job, JobStatus
from frametally.ledger.shares import (
    Share,
    SharedJob,
    add_share,
    all_shares,
    digest_of,
    end_shares,
    jobs_of_share,
    remove_share,
    share_with_id,
)
from frametally.library.video_store import StoredVideo
from frametally.reports.brief import Brief
from frametally.reports.request import BriefRequest
from frametally.reports.shares import messages
from frametally.reports.shares.kept_brief import keep_brief, read_brief, remove_brief
from frametally.reports.shares.passwords import MAX_PASSWORD_CHARS, hash_password
from frametally.reports.shares.validity import Validity, require_share
from frametally.reports.shares.views import ViewCounter

SHARED_PREFIX: Final = "/frametally/shared/"
TOKEN_BYTES: Final = 32
MAX_NAME_CHARS: Final = 200
MIN_PASSWORD_CHARS: Final = 4
DEFAULT_DAYS: Final = 30
MAX_DAYS: Final = 366
_PLAYED_CODECS: Final = ("h264", "vp8", "vp9")
_PLAYED_SUFFIXES: Final = (".mp4", ".m4v", ".webm")
_KEEP_ROW: Final = timedelta(days=1)
"""Of a link that is over: a process that makes its brief just then finds that out."""


class BriefMaker(Protocol):
    """Makes briefs from what the deployment has."""

    def make(
        self, request: BriefRequest, *, maker: Person, made_at: datetime, progress: Progress | None = None
    ) -> Brief:
        """The brief, of what the person sees, with their name."""

    def fingerprint(self, request: BriefRequest) -> str:
        """Changes with what the brief would be made from."""


class ShareOptions(NamedTuple):
    """What the maker of a link chooses, besides the view."""

    name: str
    expires_at: datetime
    password: str = ""
    follows: bool = False
    has_video: bool = False
    shows_preview: bool = False


class NewShare(NamedTuple):
    """A link that has just been made."""

    share: Share
    token: str
    """Kept nowhere."""

    @property
    def path(self) -> str:
        """Of the link, without the base path."""
        return f"{SHARED_PREFIX}{self.token}"


@dataclass(frozen=True, kw_only=True)
class Shares:
    """The links of one deployment; safe to use from any thread."""

    validity: Validity
    folder: Path
    briefs: BriefMaker
    clock: Callable[[], datetime]
    views: ViewCounter

    def create(
        self,
        request: BriefRequest,
        options: ShareOptions,
        *,
        actor: Person | None,
        progress: Progress | None = None,
    ) -> NewShare:
        """Make the brief and a link to it.

        Raises:
            AccessDenied: the person may not share these jobs.
            ViewError: an option is not possible, or a job has no results.
            FrametallyError: the brief cannot be made.
        """
        ledger, now, token = self.validity.ledger, self.clock(), secrets.token_urlsafe(TOKEN_BYTES)
        jobs = [ledger.job(job_id) for job_id in request.view.job_ids]
        require_share(actor, *(job.owner for job in jobs))
        shared = self._checked(request, options, jobs, now)
        share = Share(
            id=str(uuid.uuid4()),
            token_sha256=digest_of(token),
            name=options.name.strip() or request.title or jobs[0].video_name,
            request=request.to_json().decode(),
            maker=id_of(actor),
            maker_role=self.validity.role_by_sign_in(actor),
            created_at=now,
            expires_at=options.expires_at,
            password_hash=hash_password(options.password),
            follows=options.follows,
            has_video=options.has_video,
            shows_preview=options.shows_preview and not options.password,
        )
        # A folder without a row could belong to another ledger, and would stay forever.
        add_share(ledger, share, shared)
        try:
            self._build(share, actor or OPERATOR, progress)
        except BaseException:
            self._remove(share.id)
            raise
        if share.has_video and (video := self.validity.library.get(shared[0].video_sha256 or "")):
            self._have_played(video)
        for job in jobs:
            ledger.log_action(job.id, messages.created(share.name, share.expires_at), actor=actor_of(actor))
        return NewShare(share, token)

    def seen_by(self, person: Person) -> list[Share]:
        """The links that have not ended or expired, and that this person may end: own ones, for an admin all."""
        self.views.flush()
        shares = [share for share in all_shares(self.validity.ledger) if not share.is_over(self.clock())]
        return [share for share in shares if may(person, Action.END_SHARE, share.maker)]

    def is_valid(self, share: Share) -> bool:
        """Whether it is served; otherwise, what it shows or its maker's rights are gone."""
        return self.validity.is_valid(share, self.clock())

    def end(self, share_id: str, *, actor: Person | None) -> None:
        """End a link at once.

        Raises:
            AccessDenied: another person made it.
            ViewError: it has ended.
        """
        ledger = self.validity.ledger
        share = share_with_id(ledger, share_id)
        require(actor, Action.END_SHARE, share.maker if share else None)
        if share is None or not end_shares(ledger, [share.id], self.clock()):
            raise messages.no_such_share()
        remove_brief(self.folder / share.id)
        for job in jobs_of_share(ledger, share.id).jobs:
            ledger.log_action(job.job_id, messages.ended(share.name), actor=actor_of(actor))

    def keep_up(self, share: Share) -> bool:
        """Make the brief of a link again if what it shows has changed; returns whether it did."""
        kept = read_brief(self.folder / share.id)
        request = BriefRequest.from_json(share.request)
        if kept and kept.fingerprint == self.briefs.fingerprint(request):
            return False
        self._build(share, self.validity.maker_of(share))
        current = share_with_id(self.validity.ledger, share.id)
        if current is None or current.is_over(self.clock()):  # it ended during this time
            remove_brief(self.folder / share.id)
        return True

    def tidy(self) -> None:
        """Remove the files of links that are over or have lost their video, and a day later what the ledger keeps."""
        now = self.clock()
        for share in all_shares(self.validity.ledger):
            if not share.is_over(now) and self.validity.is_orphaned(share):
                end_shares(self.validity.ledger, [share.id], now)
                remove_brief(self.folder / share.id)
            if share.is_over(now):
                remove_brief(self.folder / share.id)
            if share.is_over(now - _KEEP_ROW) and (share.revoked_at is None or share.revoked_at < now - _KEEP_ROW):
                remove_share(self.validity.ledger, share.id)

    def _checked(
        self, request: BriefRequest, options: ShareOptions, jobs: Sequence[Job], now: datetime
    ) -> list[SharedJob]:
        if any(job.status is not JobStatus.SUCCEEDED or job.deleted_at for job in jobs):
            raise messages.no_results()
        if len(options.name) > MAX_NAME_CHARS:
            raise messages.invalid_name(MAX_NAME_CHARS)
        if options.password and not MIN_PASSWORD_CHARS <= len(options.password) <= MAX_PASSWORD_CHARS:
            raise messages.invalid_password(MIN_PASSWORD_CHARS, MAX_PASSWORD_CHARS)
        if not now < options.expires_at <= now + timedelta(days=MAX_DAYS):
            raise messages.invalid_expiry()
        if options.has_video and request.blurs:
            raise messages.video_would_show_more()
        stored = [job.video_sha256 if self.validity.library.get(job.video_sha256 or "") else None for job in jobs]
        if options.has_video and stored[0] is None:
            raise messages.no_video()
        return [SharedJob(job_id=job.id, video_sha256=sha256) for job, sha256 in zip(jobs, stored, strict=True)]

    def _build(self, share: Share, maker: Person, progress: Progress | None = None) -> None:
        request, now = BriefRequest.from_json(share.request), self.clock()
        fingerprint = self.briefs.fingerprint(request)
        brief = self.briefs.make(request, maker=maker, made_at=now, progress=progress)
        keep_brief(self.folder / share.id, brief, made_at=now, fingerprint=fingerprint)

    def _have_played(self, video: StoredVideo) -> None:
        """Have a copy made of a video that not every browser plays: a reader may not ask for one."""
        if video.info.codec not in _PLAYED_CODECS or video.place.suffix not in _PLAYED_SUFFIXES:
            self.validity.library.copies.request(video)

    def _remove(self, share_id: str) -> None:
        remove_brief(self.folder / share_id)
        remove_share(self.validity.ledger, share_id)
