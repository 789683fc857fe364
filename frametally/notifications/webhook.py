"""A signed POST to the team's own address: Slack, or a program of theirs.

`X-Frametally-Signature: t=<seconds since the epoch>,v1=<hex>`, where v1 is the HMAC-SHA256 of `<t>.<body>` under the
shared secret. A receiver computes it again, compares in constant time, and refuses an old t.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from contextlib import closing
from datetime import datetime
from typing import Any, Final

import msgspec
import urllib3

from frametally.errors import MediaError, NotificationError
from frametally.network.download import (
    PrivateAddress,
    checked_pool,
    cut_after,
    fault_in_words,
    parse_public_url,
    path_of,
)

SIGNATURE_HEADER: Final = "X-Frametally-Signature"
SEND_S: Final = 20.0
_TIMEOUT: Final = urllib3.Timeout(connect=5.0, read=10.0)
_CHECK: Final = "Check FRAMETALLY_WEBHOOK_URL."


def signature(secret: str, body: bytes, now: datetime) -> str:
    """The value of the header that lets the receiver know who sent it, and when."""
    seconds = int(now.timestamp())
    code = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={code}"


def post(url: str, message: dict[str, Any], *, secret: str | None, private_urls: bool, now: datetime) -> None:
    """Send the message; any 2xx is good. No redirect is followed: it would take the message to somebody else.

    Raises:
        NoticeError: it was not taken; neither the address's path nor its query stands in the error.
    """
    body = msgspec.json.encode(message)
    headers = {"Content-Type": "application/json", "User-Agent": "frametally"}
    if secret:
        headers[SIGNATURE_HEADER] = signature(secret, body, now)
    try:
        status, retry_after = _answer(url, body, headers, private_urls=private_urls)
    except PrivateAddress as error:
        what = "The webhook's address is not in the public internet."
        raise NotificationError(what, "Set FRAMETALLY_WEBHOOK_PRIVATE_URLS to true if that is meant.") from error
    except MediaError as error:
        raise NotificationError(error.what.replace("of the video", "of the webhook"), _CHECK) from error
    if status not in range(200, 300):
        asked_for_s = float(retry_after) if retry_after.isascii() and retry_after.isdigit() else None
        raise NotificationError(f"The webhook answered {status}.", _CHECK, retry_after_s=asked_for_s)


def _answer(url: str, body: bytes, headers: dict[str, str], *, private_urls: bool) -> tuple[int, str]:
    parts = parse_public_url(url)
    give_up_s = time.monotonic() + SEND_S
    with closing(checked_pool(parts, private_urls=private_urls)) as pool, cut_after(SEND_S, pool):
        try:
            response = pool.request(
                "POST",
                path_of(parts),
                body=body,
                headers={**headers, "Host": parts.netloc},
                timeout=_TIMEOUT,
                retries=False,
                redirect=False,
                preload_content=False,
            )
            with closing(response):
                return response.status, response.headers.get("Retry-After", "")
        except urllib3.exceptions.HTTPError as error:
            fault = "no answer in time" if time.monotonic() > give_up_s else fault_in_words(error)
        # Out here, as the foreign error holds the whole address, and would be the context of ours.
        raise NotificationError(f"The webhook at {parts.hostname} did not take it: {fault}.", _CHECK)
