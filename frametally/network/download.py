"""Fetch a public video, without letting its address reach into the network that the server stands in."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urljoin, urlsplit

import certifi
import urllib3

from frametally.errors import MediaError
from frametally.storage.atomic import PendingFile

MAX_REDIRECTS: Final = 5
MAX_FETCH_S: Final = 3600.0
TIMEOUT: Final = urllib3.Timeout(connect=10.0, read=30.0)
CHUNK_BYTES: Final = 1 << 20
_HEADERS: Final = {"User-Agent": "frametally-engine", "Accept": "video/*,*/*;q=0.5", "Accept-Encoding": "identity"}

Progress = Callable[[int, int | None], None]
"""Told the bytes that have come and, where it is known, of how many."""
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class PrivateAddress(MediaError):
    """An address that lies in the network of the server, and was not to."""


_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


def fetch(
    url: str,
    target: Path,
    *,
    max_bytes: int,
    private_urls: bool,
    max_s: float = MAX_FETCH_S,
    on_progress: Progress | None = None,
) -> None:
    """Download the video at `url` to `target`, which appears only when it is whole.

    Every hop of a redirect is checked again, and the connection goes to the very address that was checked, so a name
    that changes its address in between gains nothing. Proxies of the environment are not used: behind one, nobody
    here sees the address.

    Raises:
        MediaError: the address is refused, does not answer with a video, or the video is too large or too slow.
    """
    give_up_s = time.monotonic() + max_s
    with answer_of(url, private_urls=private_urls, give_up_s=give_up_s) as (response, parts):
        _store(response, target, parts, max_bytes, give_up_s, on_progress)


@contextmanager
def answer_of(
    url: str, *, private_urls: bool, give_up_s: float, headers: Mapping[str, str] | None = None
) -> Iterator[tuple[urllib3.BaseHTTPResponse, SplitResult]]:
    """What is at `url` in the end, its body still to be read, and the parts of the address that it came from.

    `give_up_s`: on the monotonic clock. Whoever reads the body gets its faults as `MediaError`, too.

    Raises:
        MediaError: the address is refused, or does not answer.
    """
    for _ in range(MAX_REDIRECTS + 1):
        parts = parse_public_url(url)
        with (
            closing(checked_pool(parts, private_urls=private_urls)) as pool,
            cut_after(max(give_up_s - time.monotonic(), 0.0), pool),
        ):
            try:
                response = pool.request(
                    "GET",
                    path_of(parts),
                    headers={**_HEADERS, **(headers or {}), "Host": parts.netloc},
                    timeout=TIMEOUT,
                    retries=False,
                    redirect=False,
                    preload_content=False,
                )
                with closing(response):
                    if not response.get_redirect_location():
                        yield response, parts
                        return
                    url = _join(url, str(response.get_redirect_location()))
            except urllib3.exceptions.HTTPError as error:
                _check_time(give_up_s)
                raise MediaError(
                    f"The video could not be fetched from {parts.hostname}: {fault_in_words(error)}.",
                    "Check that the address opens in a browser, then try again.",
                ) from error
    raise MediaError("The address of the video redirects too often.", "Give the address that it ends at.")


def _join(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return location  # no address: it is refused as one


def parse_public_url(url: str) -> SplitResult:
    """The parts of an http(s) address.

    Raises:
        MediaError: it is another kind of address, or none.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and url.isascii()
    except ValueError:
        usable = False
    if not usable:
        raise MediaError("The address of the video is not an http or https URL.", "Give it as https://host/video.mp4.")
    if parts.username is not None:
        raise MediaError("The address of the video carries a user name.", "Give one that opens without it.")
    return parts


def is_public(address: IPAddress) -> bool:
    """Whether an address, and the IPv4 address that an IPv6 one may stand for, lies in the public internet."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


def in_public(address: str) -> bool:
    """The same of an address in text, as a look-up gives it."""
    return is_public(ipaddress.ip_address(address.partition("%")[0]))


def addresses_of(host: str, port: int) -> list[str]:
    """What a name leads to now, in the order to be tried.

    Raises:
        OSError, UnicodeError: nothing.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(endpoint[0]) for *_, endpoint in found))


def checked_pool(parts: SplitResult, *, private_urls: bool) -> urllib3.HTTPConnectionPool:
    """A pool of one connection to an address of the host that was checked; TLS still verifies the host's name."""
    host = str(parts.hostname)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = _address_of(host, port, private_urls=private_urls)
    if parts.scheme == "http":
        return urllib3.HTTPConnectionPool(address, port)
    return urllib3.HTTPSConnectionPool(
        address, port, server_hostname=host, assert_hostname=host, cert_reqs="CERT_REQUIRED", ca_certs=certifi.where()
    )


@contextmanager
def cut_after(seconds: float, pool: urllib3.HTTPConnectionPool) -> Iterator[None]:
    """End the pool's connection when time is up: one that drips its headers keeps every timeout of a single read."""
    made: list[Any] = []
    new_connection: Any = pool.ConnectionCls

    def remember(*arguments: Any, **options: Any) -> Any:
        made.append(new_connection(*arguments, **options))
        return made[-1]

    def cut() -> None:
        for connection in made:
            with suppress(OSError, AttributeError):  # it is not open yet, or not any more
                connection.sock.shutdown(socket.SHUT_RDWR)

    pool.ConnectionCls = remember  # type: ignore[assignment]
    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _address_of(host: str, port: int, *, private_urls: bool) -> str:
    try:
        found = addresses_of(host, port)
    except (OSError, UnicodeError) as error:
        raise MediaError(f"There is no host {host}.", "Check the address of the video.") from error
    for address in found:
        if private_urls or in_public(address):
            return address
    raise PrivateAddress(
        f"{host} is not in the public internet, and this server does not fetch from private addresses.",
        "Upload the video instead, or set FRAMETALLY_ENGINE_PRIVATE_URLS to true.",
    )


def _store(
    response: urllib3.BaseHTTPResponse,
    target: Path,
    parts: SplitResult,
    max_bytes: int,
    give_up_s: float,
    on_progress: Progress | None,
) -> None:
    if response.status != 200:
        raise MediaError(f"{parts.hostname} answered {response.status}, not the video.", "Check the address.")
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise MediaError(
            f"{parts.hostname} answered with a web page, not a video.", "Give the address of the video file itself."
        )
    pending = PendingFile(target)
    received = 0
    announced = response.headers.get("Content-Length", "")
    total_bytes = int(announced) if announced.isascii() and announced.isdigit() else None
    try:
        # read1 hands over what has come: a server that drips must not keep us from looking at the clock
        while chunk := response.read1(CHUNK_BYTES, decode_content=False):
            _check_time(give_up_s)
            received += len(chunk)
            if received > max_bytes:
                raise MediaError(f"The video is larger than the {max_bytes} bytes allowed.", "Use a smaller one.")
            pending.write(chunk)
            if on_progress:
                on_progress(received, total_bytes)
        _check_time(give_up_s)  # a body without a length ends where it was cut
        pending.commit()
    finally:
        pending.discard()


def _check_time(give_up_s: float) -> None:
    if time.monotonic() > give_up_s:
        raise MediaError("Fetching the video took too long.", "Download it and upload it instead.")


def path_of(parts: SplitResult) -> str:
    """What stands in the first line of a request."""
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def fault_in_words(error: urllib3.exceptions.HTTPError) -> str:
    """The kind of fault in words: the library's own text holds the whole address."""
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return "nothing answers there"
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return "no answer in time"
    if isinstance(error, urllib3.exceptions.SSLError):
        return "its certificate cannot be trusted"
    return "the connection broke"
