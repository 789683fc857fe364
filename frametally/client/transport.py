"""Send requests: sessions, proxies and redirects; errors of requests and urllib3 become `ServiceError`s here only.

Each request has its own session: the requests of one job are minutes apart, so a pooled connection would be stale, and
threads share nothing. The CA bundle of the environment is used, and its proxies, except for loopback addresses and the
embedded engine; `~/.netrc` is not read.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Final, TypeVar

import requests
import urllib3.exceptions

from frametally.client.messages import (
    no_response,
    private_address,
    redirect_refused,
    status_error,
    too_many_redirects,
)
from frametally.client.request import ServiceRequest
from frametally.contract import OWN_REQUEST
from frametally.network.addresses import is_loopback
from frametally.network.faults import describe_fault, was_sent
from frametally.network.link_guard import GuardedAdapter, PrivateAddress
from frametally.network.outgoing.cutoff import Cutoff, TooSlow
from frametally.network.url_encoding import decode_location, encode_url
from frametally.network.urls import is_same_service, split_url

T = TypeVar("T")

MAX_REDIRECTS: Final = 3
_TOO_SLOW: Final = "timed out, as it sends too slowly"


def exchange(
    request: ServiceRequest, read: Callable[[requests.Response, Cutoff], T], cutoff: Cutoff | None = None
) -> T:
    """Send the request and read its response, within `limit_s` unless the cutoff that `read` receives allows more.

    Raises:
        ServiceError: the most specific one of those listed in `errors`.
    """
    cutoff = cutoff or Cutoff(request.limit_s)
    try:
        with cutoff, _new_session(request, cutoff) as session, _send(session, request) as response:
            cutoff.check()  # a head seems complete where its connection was cut
            if response.status_code not in range(200, 300):
                raise status_error(request, response)
            return read(response, cutoff)
    except PrivateAddress as error:
        raise private_address(request, error.host) from None
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        fault, sent = describe_fault(error), was_sent(error)
    except TooSlow:
        fault, sent = _TOO_SLOW, True
    if cutoff.has_passed and sent:
        fault = _TOO_SLOW
    # Raised outside the handler: inside it, the caught error, whose message may contain the key, would be the context.
    raise no_response(request, fault, sent=sent)


def _send(session: requests.Session, request: ServiceRequest) -> requests.Response:
    url = request.url
    for _ in range(MAX_REDIRECTS + 1):
        response = _send_once(session, request, url)
        if not response.is_redirect:
            return response
        response.close()
        url = _redirected(request, url, response)
    raise too_many_redirects(request)


def _redirected(request: ServiceRequest, url: str, response: requests.Response) -> str:
    """The URL to repeat the request at, unchanged except for its URL.

    A GET of a signed link is redirected to any http(s) URL. A request with the key is redirected only within the same
    service, and keeps its query.

    Raises:
        BadRequest: any other redirect.
    """
    origin, target = split_url(url), split_url(decode_location(response.headers["Location"]), url)
    if request.is_link and request.method == "GET" and target.scheme in ("http", "https"):
        return target.geturl()
    if not request.is_link and response.status_code != HTTPStatus.SEE_OTHER and is_same_service(origin, target):
        return target._replace(query="", fragment="").geturl()
    raise redirect_refused(request, target.hostname or "an invalid address")


def _new_session(request: ServiceRequest, cutoff: Cutoff) -> requests.Session:
    session = requests.Session()
    certificate_sha256 = request.service.certificate_sha256
    for scheme in ("https://", "http://"):
        session.mount(scheme, GuardedAdapter(request.guard, cutoff, certificate_sha256=certificate_sha256))
    session.headers.update({"User-Agent": "frametally", "Accept-Encoding": "gzip"})
    if request.service.is_embedded:
        session.headers[OWN_REQUEST] = "1"
    session.auth = _no_auth
    return session


def _send_once(session: requests.Session, request: ServiceRequest, url: str) -> requests.Response:
    """Send through the adapter: `Session.send` would read the whole body of a redirect, to prepare to follow it."""
    service = request.service
    prepared = session.prepare_request(
        requests.Request(request.method, url, params=request.query, data=request.body, headers=request.headers)
    )
    if not request.query:  # signed: requests would decode escapes of letters and digits
        prepared.url = _encoded(url) or prepared.url
    environment = session.merge_environment_settings(prepared.url, {}, True, True, None)
    return session.get_adapter(prepared.url or url).send(
        prepared,
        stream=True,
        timeout=request.timeout_s,
        # With a known certificate, the adapter compares its fingerprint instead.
        verify=not service.certificate_sha256 and (environment["verify"] or True),
        proxies={} if service.is_embedded or is_loopback(split_url(url).hostname) else environment["proxies"],
    )


def _encoded(url: str) -> str:
    try:
        return encode_url(url)
    except ValueError:  # requests reports it
        return ""


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Adds nothing; with an auth set, requests does not read `~/.netrc`."""
    return request
