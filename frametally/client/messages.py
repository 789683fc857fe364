"""The errors of requests to a service, with their texts.

The key is sent in the query, so the messages of exceptions from requests and urllib3 may contain it. None of these
becomes the cause or context of a `ServiceError`; `faults.py` describes them without their message.
"""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Any, Final

import msgspec
import requests
import urllib3.exceptions

from frametally.client.request import ServiceRequest
from frametally.errors import (
    BadRequest,
    ConnectFailed,
    InvalidResponse,
    LinkExpired,
    RateLimited,
    ResultsError,
    ServerError,
    ServiceError,
    ServiceUnreachable,
    Unauthorized,
)
from frametally.network.retry import parse_retry_after
from frametally.storage.space import format_size

CHECK_SERVICE: Final = "Check that the service URL belongs to a Video Inference service."
_CHECK_NETWORK: Final = "Check the network and the service URL, then try again."
_LINK_EXPIRED: Final = (401, 403, 410)

SERVICE_BUSY: Final = (
    "Requests to this service are waiting for its response already.",
    "Try again in a minute.",
)
SERVICE_SLOW: Final = "The service is slow to respond."


class NotFound(BadRequest):
    """404 or 405: the service does not have this resource or method."""


def status_error(request: ServiceRequest, response: requests.Response) -> ServiceError:
    """The most specific error for a response that is not 2xx."""
    status = response.status_code
    head = _first_bytes(response)
    message = request.redact(_error_message(head)) if _is_of_the_api(request, response) else ""
    retry_after_s = parse_retry_after(response.headers.get("Retry-After"))
    what = (
        f"{request.action} failed: {request.host} returned {_status_text(status)}{f': {message}' if message else ''}."
    )
    if request.is_link and (status in _LINK_EXPIRED or (status == 400 and b"expired" in head.lower())):
        return LinkExpired(what, "The signed link has expired: request a new one and try again.")
    if status in (401, 403):
        return Unauthorized(what, "Check the API key, and that it belongs to this service.")
    if status == 429:
        when = "in a few minutes" if retry_after_s is None else f"in {math.ceil(retry_after_s)} s"
        return RateLimited(what, f"Try again {when}.", retry_after_s=retry_after_s)
    if status >= 500 or status == HTTPStatus.REQUEST_TIMEOUT:
        next_step = "The service has a problem. Try again later."
        return ServerError(what, next_step, retry_after_s=retry_after_s)
    if status in (404, 405):
        return NotFound(what, "Check the service URL and the request.")
    return BadRequest(what, "Change the request, then try again.")


def invalid_response(request: ServiceRequest, response: requests.Response, reason: str) -> InvalidResponse:
    """The error for a 2xx response with a body that does not match the contract."""
    content_type = response.headers.get("Content-Type", "no content type")
    what = f"{request.action} failed: {request.host} returned an unexpected response"
    return InvalidResponse(f"{what} ({request.redact(f'{reason}, {content_type}')}).", CHECK_SERVICE)


def results_too_large(max_bytes: int) -> ResultsError:
    """The error for results above the limit of the deployment."""
    what = f"The results are larger than the {format_size(max_bytes)} that are accepted; they were not kept."
    return ResultsError(what, "The operator of this dashboard can raise FRAMETALLY_MAX_RESULTS_BYTES.")


def missing_field(request: ServiceRequest, name: str) -> InvalidResponse:
    """The error for a response without a required value."""
    return InvalidResponse(f"{request.action} failed: the response contains no {name}.", CHECK_SERVICE)


def long_field(request: ServiceRequest, name: str) -> InvalidResponse:
    """The error for a response with a value that is too long."""
    return InvalidResponse(f"{request.action} failed: the {name} of the response is too long.", CHECK_SERVICE)


def no_response(request: ServiceRequest, fault: str, *, sent: bool) -> ServiceUnreachable:
    """The error for a failure below HTTP; `sent`: whether the service may have received any of the request."""
    if not sent:
        return ConnectFailed(f"{request.action} failed: could not connect to {request.host}: {fault}.", _CHECK_NETWORK)
    return ServiceUnreachable(f"{request.action} failed: {request.host}: {fault}.", _CHECK_NETWORK)


def redirect_refused(request: ServiceRequest, host: str) -> BadRequest:
    """The error for a redirect that this request must not follow."""
    what = f"{request.action} failed: {request.host} redirects to {request.redact(host)}, which is not followed."
    return BadRequest(what, CHECK_SERVICE)


def too_many_redirects(request: ServiceRequest) -> BadRequest:
    """The error for more than `MAX_REDIRECTS` redirects."""
    return BadRequest(f"{request.action} failed: too many redirects from {request.host}.", CHECK_SERVICE)


def private_address(request: ServiceRequest, host: str) -> BadRequest:
    """The error for a private address: of a service whose URL a user entered, or of a link of a public service."""
    if not request.is_link:
        what = f"{request.action} failed: {request.redact(host)} is a private address."
        return BadRequest(what, "The operator of this dashboard can allow it: FRAMETALLY_API_PRIVATE_URLS=true.")
    what = f"{request.action} failed: the link of the service leads to {request.redact(host)}, a private address."
    return BadRequest(what, "If the service is your own, use its private address as the service URL.")


def _is_of_the_api(request: ServiceRequest, response: requests.Response) -> bool:
    """Whether an error may be quoted: JSON of the service itself, not what any server answers at a URL or link."""
    content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return content_type == "application/json" and request.service.link_guard.is_own(request.url)


def _first_bytes(response: requests.Response) -> bytes:
    """The first 64 KiB of an error response; empty if it cannot be read, as the status is enough."""
    try:
        return bytes(response.raw.read(1 << 16, decode_content=True))
    except urllib3.exceptions.HTTPError:
        return b""


class _ErrorBody(msgspec.Struct, frozen=True):
    error: Any = None
    message: Any = None


def _error_message(body: bytes) -> str:
    """The message of an error response in JSON: `error` or `error.message`, and `message`; empty if there is none."""
    try:
        decoded = msgspec.json.decode(body, type=_ErrorBody)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    inner = decoded.error.get("message") if isinstance(decoded.error, dict) else decoded.error
    texts = (text.strip(" .") for text in (inner, decoded.message) if isinstance(text, str))
    return ". ".join(dict.fromkeys(text for text in texts if text))


def _status_text(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
