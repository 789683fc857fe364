"""Tickets: signed permissions in a page: to begin uploads, to read one file, to use a service, to see a preview,
to learn that jobs have ended.

Those in the address of a request name one resource, and serve one person in one browser while a page of theirs is open
(`holder.py`). They do not contain the time of the request: an address stays the same, so browsers keep what they
have loaded from it.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, Final, Self

import msgspec
from itsdangerous import BadData, TimestampSigner, URLSafeSerializer, URLSafeTimedSerializer

from frametally.errors import MediaError
from frametally.library.holder import Holder, OpenPages

TICKET_LIFETIME_S: Final = 12 * 3600
"""Half a day, so that uploads and playback work in a tab that has been open for hours."""

STEADY_S: Final = 3 * 3600
"""Tickets for the same file or view are equal for so long: browsers cache what they have loaded by its URL."""

SERVICE_LIFETIME_S: Final = 365 * 24 * 3600
"""A year: the choice of a service is remembered in a cookie."""


_OF_ANOTHER: Final = "This page belongs to another person or sign-in."


class TicketRefused(MediaError):
    """A ticket is missing, forged, expired, or that of another person."""

    def __init__(self, what: str = "This page has expired.") -> None:
        super().__init__(what, "Reload it and try again.")


class FileTicket(msgspec.Struct, frozen=True):
    """The file that a ticket gives access to."""

    path: str
    """Relative to the data folder."""
    download_name: str | None
    """The name to save it as; None if it is displayed in the page."""


class ViewTicket(msgspec.Struct, frozen=True):
    """The results of one model that a ticket gives access to, as they are displayed."""

    job_id: str
    model: str
    merge: str = ""
    """Display names of the classes, in the form of `ClassMapping.format`."""
    video_sha256: str = ""
    """Empty if the video is not stored here."""
    revision: str = ""
    """Changes with what is served for the other values, so that browsers load it again."""


class ServiceTicket(msgspec.Struct, frozen=True):
    """A service that a browser has connected to."""

    service: str
    key_id: str
    """Fingerprint of the API key."""
    workspace: str


_Serializer = URLSafeSerializer | URLSafeTimedSerializer


class _SteadySigner(TimestampSigner):
    """Signs with a time that is rounded down to a multiple of `STEADY_S`."""

    def get_timestamp(self) -> int:
        return super().get_timestamp() // STEADY_S * STEADY_S


class Tickets:
    """Creates and verifies tickets; each kind is valid for one purpose, and for one holder."""

    def __init__(self, secret: str, *, lifetime_s: int = TICKET_LIFETIME_S, pages: OpenPages | None = None) -> None:
        self._uploads = URLSafeTimedSerializer(secret, salt="frametally.upload")
        self._files = URLSafeTimedSerializer(secret, salt="frametally.held.file", signer=_SteadySigner)
        self._views = URLSafeTimedSerializer(secret, salt="frametally.held.view", signer=_SteadySigner)
        self._services = URLSafeTimedSerializer(secret, salt="frametally.service")
        self._previews = URLSafeSerializer(secret, salt="frametally.held.preview")
        # Never the same: the address that a page gets after a refusal makes its browser connect again.
        self._ends = URLSafeTimedSerializer(secret, salt="frametally.held.ends")
        self._lifetime_s = lifetime_s
        self._pages = pages or OpenPages()
        self._holder = Holder()

    def held_by(self, holder: Holder) -> Self:
        """The same tickets, created for this holder, or verified with a request of theirs."""
        held = copy.copy(self)
        held._holder = holder
        return held

    def renew(self) -> None:
        """A page of the holder is open: all of their tickets stay valid."""
        self._pages.see(self._holder)

    def for_upload(self) -> str:
        """A ticket with which this person begins uploads, in any of their browsers."""
        return str(self._uploads.dumps(self._holder.person))

    def check_upload(self, ticket: str) -> None:
        """Verify a ticket to begin an upload.

        Raises:
            TicketRefused: the ticket is missing, forged, expired, or that of another person.
        """
        if self._load(self._uploads, ticket, self._lifetime_s) != self._holder.person:
            raise TicketRefused(_OF_ANOTHER)

    def for_file(self, relative_path: Path, download_name: str | None = None) -> str:
        """A ticket to read one file of the data folder: saved as `download_name`, or displayed in the page if None."""
        return self._make(self._files, [relative_path.as_posix(), download_name])

    def check_file(self, ticket: str) -> FileTicket:
        """The file that the ticket gives access to.

        Raises:
            TicketRefused: the ticket is forged, expired, or that of another holder.
        """
        path, download_name = self._held(self._files, ticket)
        return FileTicket(path, download_name)

    def for_view(self, view: ViewTicket) -> str:
        """A ticket to read the boxes, counts and frames of one model's results."""
        return self._make(self._views, msgspec.to_builtins(view))

    def check_view(self, ticket: str) -> ViewTicket:
        """The view that the ticket gives access to.

        Raises:
            TicketRefused: the ticket is forged, expired, or that of another holder.
        """
        return msgspec.convert(self._held(self._views, ticket), ViewTicket)

    def for_ends(self) -> str:
        """A ticket for the stream of ended jobs."""
        return self._make(self._ends, "")

    def check_ends(self, ticket: str) -> None:
        """Verify a ticket for the stream of ended jobs.

        Raises:
            TicketRefused: the ticket is forged, expired, or that of another holder.
        """
        self._held(self._ends, ticket)

    def for_service(self, service: str, key_id: str, workspace: str) -> str:
        """A ticket to use a service again with the API key that was entered for it, for `SERVICE_LIFETIME_S`."""
        return str(self._services.dumps([service, key_id, workspace]))

    def check_service(self, ticket: str) -> ServiceTicket:
        """The service of the ticket.

        Raises:
            TicketRefused: the ticket is forged or expired.
        """
        return ServiceTicket(*self._load(self._services, ticket, SERVICE_LIFETIME_S))

    def for_preview(self, key: str) -> str:
        """A ticket to see the preview with this key. It never changes, so that browsers can cache the preview."""
        return self._make(self._previews, key)

    def check_preview(self, ticket: str) -> str:
        """The key of the preview.

        Raises:
            TicketRefused: the ticket is forged, expired, or that of another holder.
        """
        return str(self._held(self._previews, ticket))

    def _make(self, serializer: _Serializer, resource: Any) -> str:
        self.renew()
        return str(serializer.dumps([self._holder.mark, resource]))

    def _held(self, serializer: _Serializer, ticket: str) -> Any:
        """The resource of a ticket that is in the address of a request."""
        mark, resource = self._load(serializer, ticket, self._lifetime_s)
        if mark != self._holder.mark:
            raise TicketRefused(_OF_ANOTHER)
        if not self._pages.has(self._holder):
            raise TicketRefused
        return resource

    def _load(self, serializer: _Serializer, ticket: str, lifetime_s: int) -> Any:
        try:
            if isinstance(serializer, URLSafeTimedSerializer):
                return serializer.loads(ticket, max_age=lifetime_s)
            return serializer.loads(ticket)
        except BadData:
            raise TicketRefused from None
