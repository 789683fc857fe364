"""Signed links: short-lived addresses that carry their own permission, so that they need no key."""

from __future__ import annotations

from typing import Final, Literal
from urllib.parse import urlsplit

from itsdangerous import BadData, URLSafeTimedSerializer

from frametally.errors import LinkExpired

LINK_LIFETIME_S: Final = 3600
UPLOAD_PATH: Final = "/videoinfer/uploads/"
RESULTS_PATH: Final = "/videoinfer/results/"

Purpose = Literal["upload", "results"]
_PATHS: Final[dict[Purpose, str]] = {"upload": UPLOAD_PATH, "results": RESULTS_PATH}


class Links:
    """Makes and reads the signed links of one deployment."""

    def __init__(self, secret: str) -> None:
        self._signers = {
            purpose: URLSafeTimedSerializer(secret, salt=f"frametally.engine.{purpose}") for purpose in _PATHS
        }

    def make(self, purpose: Purpose, thing_id: str, *, origin: str) -> str:
        """An absolute link to one upload or one job's results; `origin` is `scheme://host:port`.

        The vendor's SDK splits it on `&X-Goog-Expires`, so that is not the first parameter.
        """
        token = self._signers[purpose].dumps(thing_id)
        return f"{origin}{_PATHS[purpose]}{token}?X-Goog-Algorithm=HMAC&X-Goog-Expires={LINK_LIFETIME_S}"

    def open(self, purpose: Purpose, token: str) -> str:
        """The id that a link gives access to now.

        Raises:
            LinkExpired: it has expired, or was not made here.
        """
        try:
            return str(self._signers[purpose].loads(token, max_age=LINK_LIFETIME_S))
        except BadData as error:
            raise LinkExpired("This link has expired or is not valid.", "Ask for a new one.") from error

    def upload_id_in(self, input_url: str) -> str | None:
        """The upload that an `input_url` names, whatever host it was made for; None where it is any other address.

        An upload stays usable after the time in which it could be sent has passed.

        Raises:
            LinkExpired: it looks like an upload link and was not made here.
        """
        path = urlsplit(input_url).path
        if not path.startswith(UPLOAD_PATH):
            return None
        try:
            return str(self._signers["upload"].loads(path.removeprefix(UPLOAD_PATH).rstrip("/")))
        except BadData as error:
            raise LinkExpired("This upload link was not made by this engine.", "Ask for a new one.") from error
