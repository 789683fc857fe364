"""Downloads of public videos; the link guard keeps their URLs out of the server's private network."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urljoin

import urllib3

from frametally.errors import MediaError
from frametally.network.link_guard import PrivateAddress
from frametally.network.outgoing.guarded_request import RequestFailed, send_guarded
from frametally.network.url_encoding import decode_location
from frametally.network.urls import parse_video_url
from frametally.storage.atomic import PendingFile
from frametally.storage.space import format_size

MAX_REDIRECTS: Final = 5
MAX_DOWNLOAD_S: Final = 3600.0
CHUNK_BYTES: Final = 1 << 20
_TIMEOUT: Final = urllib3.Timeout(connect=10.0, read=30.0)
_HEADERS: Final = {"User-Agent": "frametally-engine", "Accept": "video/*,*/*;q=0.5", "Accept-Encoding": "identity"}

Progress = Callable[[int, int | None], None]
"""Called with the bytes received and the total, which is None if the server does not send it."""


def download(
    url: str,
    target: Path,
    *,
    max_bytes: int,
    private_urls: bool,
    max_s: float = MAX_DOWNLOAD_S,
    on_progress: Progress | None = None,
) -> None:
    """Download the video at `url` to `target`, which appears only when it is complete, within `max_s` seconds.

    Every redirect is checked again. Proxies of the environment are not used: the guard could not check the address.

    Raises:
        MediaError: the URL is refused, there is no video, it is too large or too slow, or the disk is full.
    """
    deadline_s = time.monotonic() + max_s
    with open_url(url, private_urls=private_urls, deadline_s=deadline_s) as (response, parts):
        _check_is_video(response, parts)
        _store(response, target, max_bytes, deadline_s, on_progress)


@contextmanager
def open_url(
    url: str, *, private_urls: bool, deadline_s: float, headers: Mapping[str, str] | None = None
) -> Iterator[tuple[urllib3.BaseHTTPResponse, SplitResult]]:
    """Send a GET, follow redirects, and yield the response with its body unread and the URL that it came from.

    `deadline_s` is on the monotonic clock. Errors while the caller reads the body become `MediaError`s as well.

    Raises:
        MediaError: the URL is refused, or there is no response.
    """
    for _ in range(MAX_REDIRECTS + 1):
        parts = parse_video_url(url)
        with (
            _as_media_errors(parts, deadline_s),
            send_guarded(
                "GET",
                parts,
                private_urls=private_urls,
                deadline_s=deadline_s,
                timeout=_TIMEOUT,
                headers={**_HEADERS, **(headers or {})},
            ) as response,
        ):
            location = response.get_redirect_location()
            if not location:
                yield response, parts
                return
            url = _join(url, decode_location(location))
    raise MediaError("The video URL has too many redirects.", "Enter the final URL.")


@contextmanager
def _as_media_errors(parts: SplitResult, deadline_s: float) -> Iterator[None]:
    try:
        yield
    except PrivateAddress:
        raise MediaError(
            f"{parts.hostname} is a private address, and this server does not download from private addresses.",
            "Upload the video instead, or set FRAMETALLY_ENGINE_PRIVATE_URLS to true.",
        ) from None
    except RequestFailed as error:
        _check_time(deadline_s)
        raise MediaError(
            f"Could not download the video from {parts.hostname}: {error}.",
            "Check that the URL opens in a browser, then try again.",
        ) from error


def _join(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return location  # `parse_video_url` refuses it


def _check_is_video(response: urllib3.BaseHTTPResponse, parts: SplitResult) -> None:
    if response.status != 200:
        raise MediaError(f"{parts.hostname} returned {response.status}, not the video.", "Check the URL.")
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise MediaError(
            f"{parts.hostname} returned a web page, not a video.", "Enter the URL of the video file itself."
        )


def _store(
    response: urllib3.BaseHTTPResponse,
    target: Path,
    max_bytes: int,
    deadline_s: float,
    on_progress: Progress | None,
) -> None:
    pending = PendingFile(target)
    received_bytes = 0
    announced = response.headers.get("Content-Length", "")
    total_bytes = int(announced) if announced.isascii() and announced.isdigit() else None
    try:
        # read1 returns what has arrived, so that the deadline is checked even if the server is slow
        while chunk := response.read1(CHUNK_BYTES, decode_content=False):
            _check_time(deadline_s)
            received_bytes += len(chunk)
            if received_bytes > max_bytes:
                raise MediaError(
                    f"The video is larger than the {format_size(max_bytes)} allowed.", "Use a smaller one."
                )
            pending.write(chunk)
            if on_progress:
                on_progress(received_bytes, total_bytes)
        _check_time(deadline_s)  # a body without a length ends where the connection was cut
        pending.commit()
    finally:
        pending.discard()


def _check_time(deadline_s: float) -> None:
    if time.monotonic() > deadline_s:
        raise MediaError("Downloading the video took too long.", "Download it yourself and upload it instead.")
