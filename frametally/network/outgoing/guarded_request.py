"""One HTTP request to an untrusted URL: guarded, without redirects or proxies, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from urllib.parse import SplitResult

import urllib3

from frametally.network.addresses import resolve
from frametally.network.faults import describe_fault
from frametally.network.link_guard import exact_target, guarded_pool, public_only
from frametally.network.outgoing.cutoff import Cutoff
from frametally.network.urls import request_target


class RequestFailed(Exception):
    """There was no complete response; the message is that of `describe_fault` and contains no URL."""


@contextmanager
def send_guarded(
    method: str,
    parts: SplitResult,
    *,
    private_urls: bool,
    deadline_s: float,
    timeout: urllib3.Timeout,
    headers: Mapping[str, str],
    body: bytes | None = None,
) -> Iterator[urllib3.BaseHTTPResponse]:
    """Send the request and yield the response with its body unread; errors while the caller reads are mapped as well.

    `deadline_s`: on the monotonic clock. `private_urls`: allow private addresses.

    Raises:
        PrivateAddress: the host is private and `private_urls` is false.
        RequestFailed: there was no complete response, or none before the deadline (`timed out`).
    """
    guard = resolve if private_urls else public_only
    cutoff = Cutoff(deadline_s - time.monotonic())
    with closing(guarded_pool(parts, guard)) as pool, cutoff:
        pool.ConnectionCls = cutoff.watched(pool.ConnectionCls)
        try:
            with exact_target(request_target(parts)):
                response = pool.request(
                    method,
                    request_target(parts),
                    body=body,
                    headers={**headers, "Host": parts.netloc},
                    timeout=timeout,
                    retries=False,
                    redirect=False,
                    preload_content=False,
                )
            with closing(response):
                yield response
                return
        except urllib3.exceptions.HTTPError as error:
            fault = "timed out" if cutoff.has_passed else describe_fault(error)
        # Raised outside the handler: the urllib3 error, whose message contains the URL, would be the context.
        raise RequestFailed(fault)
