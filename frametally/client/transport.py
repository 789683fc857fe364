"""How a call travels: redirects, bodies of any size in either direction, and one place where foreign errors end.

A session for each call: the calls of one job lie minutes apart, so a kept connection would be a stale one, and
nothing is shared between threads. Proxies and CA bundles of the environment are honoured, but for what is on this very
machine; `~/.netrc` is not.
"""

from __future__ import annotations

import gzip
import io
import ipaddress
import zlib
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO, Final, TypeVar
from urllib.parse import SplitResult

import msgspec
import requests
import urllib3.exceptions as below

from frametally.client.request import CHECK_SERVICE, Call, fault_in_words, split_url, was_sent
from frametally.errors import BadRequest, MediaError
from frametally.network.link_guard import Adapter, NotPublic
from frametally.storage.atomic import atomic_path

Answer = TypeVar("Answer")

BLOCK_BYTES: Final = 1 << 18
"""Larger blocks are not faster, and a whole one must leave within the timeout, also on a slow line."""
MAX_JSON_BYTES: Final = 4 << 20
MAX_REDIRECTS: Final = 3


def exchange(call: Call, read: Callable[[requests.Response], Answer]) -> Answer:
    """Send the call and read its answer: the one place where foreign errors become ours.

    Raises:
        ServiceError: the most specific one of those drawn in `errors`.
    """
    try:
        with _new_session(call) as session, _send(session, call) as response:
            if response.status_code not in range(200, 300):
                raise call.refusal(response)
            return read(response)
    except NotPublic as error:
        raise call.walled(error.host) from None
    except (requests.RequestException, below.HTTPError) as error:
        fault, sent = fault_in_words(error), was_sent(error)
    # Raised out here, as an error raised in the handler would keep the foreign one, and the key, as its context.
    raise call.unanswered(fault, sent=sent)


def decode(call: Call, response: requests.Response, kind: type[Answer]) -> Answer:
    """The answer's JSON as the message it must be."""
    body = io.BytesIO()
    copy(call, response, body, MAX_JSON_BYTES)
    try:
        return msgspec.json.decode(body.getvalue(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        size_bytes = body.tell()
    raise call.unreadable(response, f"{size_bytes:,} bytes that are not what the API says")


def save(
    call: Call,
    response: requests.Response,
    destination: Path,
    max_bytes: int,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> None:
    """Write the body to a file, which appears only once it is complete."""
    with atomic_path(destination, mode=0o600) as draft, draft.open("wb") as file:
        copy(call, response, file, max_bytes, on_progress)


def copy(
    call: Call,
    response: requests.Response,
    file: BinaryIO,
    max_bytes: int,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> None:
    """Write the body to a file as it was before compression; an early end is an error in either layer."""
    raw = response.raw
    total_bytes = raw.length_remaining
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise call.unreadable(response, f"a compression that was not asked for ({encoding})")
    source = raw if encoding == "identity" else gzip.GzipFile(fileobj=raw)
    copied_bytes = 0
    try:
        while block := source.read(BLOCK_BYTES):
            copied_bytes += len(block)
            if copied_bytes > max_bytes:
                raise call.unreadable(response, f"more than {max_bytes:,} bytes")
            file.write(block)
            if on_progress:
                on_progress(raw.tell(), total_bytes)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise call.unreadable(response, "a body whose compression is damaged") from None


class FileBody:
    """The first `total_bytes` of a file, in blocks for the socket."""

    def __init__(
        self, file: io.FileIO, total_bytes: int, on_progress: Callable[[int, int], None] | None = None
    ) -> None:
        self._file = file
        self._total_bytes = total_bytes
        self._on_progress = on_progress

    def __len__(self) -> int:
        """Read by requests: it becomes the Content-Length."""
        return self._total_bytes

    def __iter__(self) -> Iterator[bytes]:
        sent_bytes = 0
        while sent_bytes < self._total_bytes:
            block = self._read(min(BLOCK_BYTES, self._total_bytes - sent_bytes))
            yield block
            sent_bytes += len(block)
            if self._on_progress:
                self._on_progress(sent_bytes, self._total_bytes)

    def _read(self, size_bytes: int) -> bytes:
        try:
            block = self._file.read(size_bytes)
        except OSError as error:  # urllib3 would take it for a fault of the network
            raise _unreadable_video(error.strerror or "its disk failed") from error
        if not block:
            raise _unreadable_video("it became shorter while it was sent")
        return block


def is_same_service(origin: SplitResult, target: SplitResult) -> bool:
    """Same scheme, host and port; or the same host, now encrypted."""
    if origin.hostname != target.hostname:
        return False
    if (origin.scheme, target.scheme) == ("http", "https"):
        return True
    return origin.scheme == target.scheme and _port(origin) == _port(target)


def _send(session: requests.Session, call: Call) -> requests.Response:
    url = call.url
    for _ in range(MAX_REDIRECTS + 1):
        response = _send_once(session, call, url)
        if not response.is_redirect:
            return response
        response.close()
        url = _redirected(call, url, response)
    raise BadRequest(f"{call.doing} failed: {call.host} redirects again and again.", CHECK_SERVICE)


def _redirected(call: Call, url: str, response: requests.Response) -> str:
    """Where to send the same call next: the key stays at its origin, a body is sent only once.

    A redirect of a call with the key changes the path only: its query is the call's own.
    """
    origin, target = split_url(url), split_url(response.headers["Location"], url)
    if call.is_link and call.method == "GET" and target.scheme in ("http", "https"):
        return target.geturl()
    if not call.is_link and response.status_code != HTTPStatus.SEE_OTHER and is_same_service(origin, target):
        return target._replace(query="", fragment="").geturl()
    raise call.misled(target.hostname or "an address that cannot be read")


def _new_session(call: Call) -> requests.Session:
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, Adapter(call.link_guard, is_link=call.is_link))
    session.headers.update({"User-Agent": "frametally", "Accept-Encoding": "gzip"})
    session.auth = _no_login
    return session


def _send_once(session: requests.Session, call: Call, url: str) -> requests.Response:
    """Through the adapter: the session would read the whole body of a redirect and prepare to follow it."""
    request = requests.Request(call.method, url, params=call.query, data=call.body, headers=call.headers)
    prepared = session.prepare_request(request)
    environment = session.merge_environment_settings(prepared.url, {}, True, True, None)
    return session.get_adapter(prepared.url or url).send(
        prepared,
        stream=True,
        timeout=call.timeout_s,
        # One that is known by its certificate needs nobody who vouches for it: `Adapter` compares.
        verify=not call.link_guard.certificate_sha256 and (environment["verify"] or True),
        proxies={} if call.link_guard.is_embedded or _is_here(split_url(url).hostname) else environment["proxies"],
    )


def _is_here(host: str | None) -> bool:
    """Whether it is this very machine by its name: what goes there is nobody else's to see."""
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _no_login(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An auth that adds nothing: with one set, requests does not look into `~/.netrc`."""
    return request


def _unreadable_video(why: str) -> MediaError:
    return MediaError(f"The video cannot be read to its end: {why}.", "Upload it again and start a new job.")


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)
