"""POST a message to a webhook: Slack, or a program of the operator.

With a secret, messages are signed as in the Standard Webhooks specification (https://www.standardwebhooks.com), so that
receivers can verify them with its libraries. The headers are `webhook-id`, `webhook-timestamp` and `webhook-signature`.
"""

from __future__ import annotations

import binascii
import time
from datetime import datetime
from typing import Any, Final

import msgspec
import urllib3
from standardwebhooks.webhooks import Webhook

from frametally.errors import MediaError
from frametally.network.link_guard import PrivateAddress
from frametally.network.outgoing.guarded_request import RequestFailed, send_guarded
from frametally.network.retry import parse_retry_after
from frametally.network.urls import parse_video_url
from frametally.notifications import messages

MAX_SEND_S: Final = 20.0
_TIMEOUT: Final = urllib3.Timeout(connect=5.0, read=10.0)
_KEY_PREFIX: Final = "whsec_"


def signature_headers(secret: str, message_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """The headers by which a receiver verifies sender, time and content; `now` is in UTC.

    The signing key is the decoded base64 after `whsec_`, as specified, or else the UTF-8 bytes of the secret.

    Raises:
        NotificationError: the base64 of the secret is not valid.
    """
    try:
        webhook = Webhook(secret if secret.startswith(_KEY_PREFIX) else secret.encode())
    except binascii.Error:
        raise messages.invalid_webhook_secret() from None
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": webhook.sign(message_id, now, body.decode()),
    }


def post(url: str, message: dict[str, Any], *, secret: str | None, private_urls: bool, now: datetime) -> None:
    """Send a message, which must have an `id`; any 2xx is success. A redirect leads elsewhere, so it is not followed.

    Raises:
        NotificationError: it was not accepted; the error contains no path or query of the URL.
    """
    body = msgspec.json.encode(message)
    headers = {"Content-Type": "application/json", "User-Agent": "frametally"}
    if secret:
        headers |= signature_headers(secret, str(message["id"]), body, now)
    status, retry_after = _send(url, body, headers, private_urls=private_urls)
    if status not in range(200, 300):
        raise messages.webhook_returned(status, parse_retry_after(retry_after))


def _send(url: str, body: bytes, headers: dict[str, str], *, private_urls: bool) -> tuple[int, str | None]:
    try:
        parts = parse_video_url(url)
    except MediaError:
        raise messages.invalid_webhook_url() from None
    try:
        with send_guarded(
            "POST",
            parts,
            private_urls=private_urls,
            deadline_s=time.monotonic() + MAX_SEND_S,
            timeout=_TIMEOUT,
            headers=headers,
            body=body,
        ) as response:
            return response.status, response.headers.get("Retry-After")
    except PrivateAddress:
        raise messages.private_webhook() from None
    except RequestFailed as error:
        raise messages.webhook_failed(str(parts.hostname), str(error)) from error
