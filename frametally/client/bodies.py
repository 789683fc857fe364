"""Request and response bodies, sent and received in constant memory."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import requests

from frametally.client.messages import invalid_response, results_too_large
from frametally.client.request import ServiceRequest
from frametally.errors import MediaError
from frametally.network.outgoing.cutoff import Cutoff
from frametally.storage.atomic import atomic_path
from frametally.storage.space import check_reserve

T = TypeVar("T")

BLOCK_BYTES: Final = 1 << 18
"""Larger blocks are not faster, and a whole block must be sent or received within the timeout, also on a slow line."""
MAX_JSON_BYTES: Final = 1 << 20


class FileBody:
    """The first `total_bytes` of a file, read in blocks."""

    def __init__(
        self, file: io.FileIO, total_bytes: int, on_progress: Callable[[int, int], None] | None = None
    ) -> None:
        self._file = file
        self._total_bytes = total_bytes
        self._on_progress = on_progress

    def __len__(self) -> int:
        """The Content-Length, as requests obtains it."""
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
        except OSError as error:  # urllib3 would report it as a network fault
            raise _unreadable_video(error.strerror or "disk error") from error
        if not block:
            raise _unreadable_video("it became shorter during the upload")
        return block


def decode(request: ServiceRequest, response: requests.Response, kind: type[T], cutoff: Cutoff) -> T:
    """The JSON body as a message of this type.

    Raises:
        InvalidResponse: it does not match, or is larger than `MAX_JSON_BYTES`.
    """
    body = io.BytesIO()

    def write(block: bytes, copied_bytes: int) -> None:
        if copied_bytes + len(block) > MAX_JSON_BYTES:
            raise invalid_response(request, response, f"more than {MAX_JSON_BYTES:,} bytes")
        body.write(block)

    copy(request, response, write, cutoff)
    try:
        return msgspec.json.decode(body.getvalue(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        size_bytes = body.tell()
    # Raised outside the handler: the decoder's error may quote the key, and would be the context.
    raise invalid_response(request, response, f"{size_bytes:,} bytes that do not match the API")


def save(
    request: ServiceRequest,
    response: requests.Response,
    destination: Path,
    max_bytes: int,
    cutoff: Cutoff,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> None:
    """Write the body to a file that appears only when it is complete; raises the errors of `copy`, and:

    Raises:
        ResultsError: the body is larger than `max_bytes`.
        OSError: the disk would lose its reserve, with ENOSPC.
    """

    def write(block: bytes, copied_bytes: int) -> None:
        if copied_bytes + len(block) > max_bytes:
            raise results_too_large(max_bytes)
        check_reserve(destination.parent, copied_bytes)
        file.write(block)

    with atomic_path(destination, mode=0o600) as draft, draft.open("wb") as file:
        if (response.raw.length_remaining or 0) > max_bytes:
            raise results_too_large(max_bytes)
        copy(request, response, write, cutoff, on_progress)


def copy(
    request: ServiceRequest,
    response: requests.Response,
    write: Callable[[bytes, int], None],
    cutoff: Cutoff,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> None:
    """Pass the decompressed body to `write`, block by block, each with the number of bytes before it.

    `on_progress` receives the bytes on the wire: read, and in total if known.

    Raises:
        TooSlow: fewer than `BLOCK_BYTES` arrived on the wire in the read timeout, or in the whole time of a short body.
        InvalidResponse: the compression of the body is unsupported or damaged.
    """
    raw = response.raw
    total_bytes = raw.length_remaining
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise invalid_response(request, response, f"compression {encoding}, which was not requested")
    source = raw if encoding == "identity" else gzip.GzipFile(fileobj=raw)
    copied_bytes, allowed_at_bytes = 0, 0
    try:
        while block := source.read(BLOCK_BYTES):
            if raw.tell() - allowed_at_bytes >= BLOCK_BYTES:
                allowed_at_bytes = raw.tell()
                cutoff.allow(request.timeout_s[1])
            write(block, copied_bytes)
            copied_bytes += len(block)
            if on_progress:
                on_progress(raw.tell(), total_bytes)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        cutoff.check()
        raise invalid_response(request, response, "a body with damaged compression") from None
    cutoff.check()


def _unreadable_video(reason: str) -> MediaError:
    return MediaError(f"The video cannot be read to its end: {reason}.", "Upload it again and start a new job.")
