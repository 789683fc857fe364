"""Tickets: signed permissions in a page: to begin uploads, to read one file, to use a service, to see a preview,
to learn that jobs have ended.

All but those for previews expire.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
from itsdangerous import BadData, TimestampSigner, URLSafeSerializer, URLSafeTimedSerializer

from frametally.errors import MediaError

TICKET_LIFETIME_S: Final = 12 * 3600
"""Half a day, so that uploads and playback work in a tab that has been open for hours."""

STEADY_S: Final = 3 * 3600
"""Tickets for the same file or view are equal for so long: browsers cache what they have loaded by its URL."""

SERVICE_LIFETIME_S: Final = 365 * 24 * 3600
"""A year: the choice of a service is remembered in a cookie."""


class TicketRefused(MediaError):
    """A ticket is missing, forged or expired."""


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


class _SteadySigner(TimestampSigner):
    """Signs with a time that is rounded down to a multiple of `STEADY_S`."""

    def get_timestamp(self) -> int:
        return super().get_timestamp() // STEADY_S * STEADY_S


class Tickets:
    """Creates and verifies tickets; each kind is valid for one purpose."""

    def __init__(self, secret: str, *, lifetime_s: int = TICKET_LIFETIME_S) -> None:
        self._uploads = URLSafeTimedSerializer(secret, salt="frametally.upload")
        self._files = URLSafeTimedSerializer(secret, salt="frametally.file", signer=_SteadySigner)
        self._views = URLSafeTimedSerializer(secret, salt="frametally.view", signer=_SteadySigner)
        self._services = URLSafeTimedSerializer(secret, salt="frametally.service")
        self._previews = URLSafeSerializer(secret, salt="frametally.preview")
        self._ends = URLSafeTimedSerializer(secret, salt="frametally.ends")
        self._lifetime_s = lifetime_s

    def for_upload(self, person: str | None = None) -> str:
        """A ticket with which this person begins uploads; None: where there is no sign-in."""
        return str(self._uploads.dumps(person or ""))

    def check_upload(self, ticket: str, person: str | None = None) -> None:
        """Verify a ticket to begin an upload.

        Raises:
            TicketRefused: the ticket is missing, forged, expired, or that of another person.
        """
        if self._load(self._uploads, ticket, self._lifetime_s) != (person or ""):
            raise TicketRefused("This page belongs to another person.", "Reload it and try again.")

    def for_file(self, relative_path: Path, download_name: str | None = None) -> str:
        """A ticket to read one file of the data folder: saved as `download_name`, or displayed in the page if None."""
        return str(self._files.dumps([relative_path.as_posix(), download_name]))

    def check_file(self, ticket: str) -> FileTicket:
        """The file that the ticket gives access to.

        Raises:
            TicketRefused: the ticket is forged or expired.
        """
        path, download_name = self._load(self._files, ticket, self._lifetime_s)
        return FileTicket(path, download_name)

    def for_view(self, view: ViewTicket) -> str:
        """A ticket to read the boxes, counts and frames of one model's results."""
        return str(self._views.dumps(msgspec.to_builtins(view)))

    def check_view(self, ticket: str) -> ViewTicket:
        """The view that the ticket gives access to.

        Raises:
            TicketRefused: the ticket is forged or expired.
        """
        return msgspec.convert(self._load(self._views, ticket, self._lifetime_s), ViewTicket)

    def for_ends(self) -> str:
        """A ticket for the stream of ended jobs."""
        return str(self._ends.dumps(""))

    def check_ends(self, ticket: str) -> None:
        """Verify a ticket for the stream of ended jobs.

        Raises:
            TicketRefused: the ticket is forged or expired.
        """
        self._load(self._ends, ticket, self._lifetime_s)

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
        """A ticket to see the preview with this key. It is always the same, so that browsers can cache the preview."""
        return str(self._previews.dumps(key))

    def check_preview(self, ticket: str) -> str:
        """The key of the preview.

        Raises:
            TicketRefused: the ticket is forged.
        """
        try:
            return str(self._previews.loads(ticket))
        except BadData:
            raise TicketRefused("This page has expired.", "Reload it and try again.") from None

    def _load(self, serializer: URLSafeTimedSerializer, ticket: str, lifetime_s: int) -> Any:
        try:
            return serializer.loads(ticket, max_age=lifetime_s)
        except BadData:
            raise TicketRefused("This page has expired.", "Reload it and try again.") from None
