"""Signed links: URLs that contain a signature with an expiry and therefore need no API key."""

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
    """Creates and verifies the signed links of one deployment."""

    def __init__(self, secret: str) -> None:
        self._signers = {
            purpose: URLSafeTimedSerializer(secret, salt=f"frametally.engine.{purpose}") for purpose in _PATHS
        }

    def make(self, purpose: Purpose, thing_id: str, *, app_url: str) -> str:
        """An absolute link to one upload or to the results of one job, below the URL of the app.

        The vendor's SDK splits the link on `&X-Goog-Expires`, so another parameter has to precede that one.
        """
        token = self._signers[purpose].dumps(thing_id)
        return f"{app_url}{_PATHS[purpose]}{token}?X-Goog-Algorithm=HMAC&X-Goog-Expires={LINK_LIFETIME_S}"

    def open(self, purpose: Purpose, token: str) -> str:
        """The id that a valid link gives access to.

        Raises:
            LinkExpired: the link has expired, or its signature is wrong.
        """
        try:
            return str(self._signers[purpose].loads(token, max_age=LINK_LIFETIME_S))
        except BadData as error:
            raise LinkExpired("This link has expired or is not valid.", "Request a new one.") from error

    def upload_id_in(self, input_url: str) -> str | None:
        """The upload id in an `input_url`, for any host and base path; None if it is not an upload link.

        An expired link is accepted: the expiry limits when a video can be uploaded, not when a job can read it.

        Raises:
            LinkExpired: it is an upload link with a wrong signature.
        """
        _, is_upload, token = urlsplit(input_url).path.rpartition(UPLOAD_PATH)
        if not is_upload:
            return None
        try:
            return str(self._signers["upload"].loads(token.rstrip("/")))
        except BadData as error:
            raise LinkExpired("This upload link was not created by this engine.", "Request a new one.") from error
