"""Short-lived signed permissions that Python puts into a page: to begin uploads, or to read one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
from itsdangerous import BadData, URLSafeTimedSerializer

from frametally.errors import MediaError

TICKET_LIFE_S: Final = 12 * 3600
"""A working day: a tab left open over lunch still uploads and plays."""


class TicketRefused(MediaError):
    """A ticket is missing, forged or too old."""


class FileTicket(msgspec.Struct, frozen=True):
    """What a file ticket opens."""

    path: str
    """Relative to the data folder."""
    download_name: str | None
    """The name to save it under; None: shown in the page."""


class Tickets:
    """Makes and checks them; each is good for one thing."""

    def __init__(self, secret: str, *, life_s: int = TICKET_LIFE_S) -> None:
        self._uploads = URLSafeTimedSerializer(secret, salt="frametally.upload")
        self._files = URLSafeTimedSerializer(secret, salt="frametally.file")
        self._life_s = life_s

    def for_upload(self) -> str:
        """The right to begin uploads."""
        return str(self._uploads.dumps(""))

    def check_upload(self, ticket: str) -> None:
        """Let an upload begin.

        Raises:
            TicketRefused: forged or too old.
        """
        self._load(self._uploads, ticket)

    def for_file(self, relative_path: Path, download_name: str | None = None) -> str:
        """The right to read one file of the data folder, saved under a name or, without one, shown in the page."""
        return str(self._files.dumps([relative_path.as_posix(), download_name]))

    def check_file(self, ticket: str) -> FileTicket:
        """What the ticket opens.

        Raises:
            TicketRefused: forged or too old.
        """
        path, download_name = self._load(self._files, ticket)
        return FileTicket(path, download_name)

    def _load(self, serializer: URLSafeTimedSerializer, ticket: str) -> Any:
        try:
            return serializer.loads(ticket, max_age=self._life_s)
        except BadData:
            raise TicketRefused("This page has been open too long.", "Reload it and try again.") from None
