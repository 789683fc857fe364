"""Fuzzing of the upload routes over a real socket: requests with unusual headers, in any order."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette

from frametally.library.library import Library
from frametally.library.routes import UPLOADS_PREFIX, library_routes
from frametally.library.tickets import Tickets
from frametally.network.routes import starlette_routes
from tests.fuzz.mutations import mutated

SIZE = 40
_MAX_UPLOADS = 20
_MAX_HEADER_BYTES = 10_000
"""All headers together stay below the 64 KiB that the HTTP server accepts."""
_PATCH_TYPE = b"application/offset+octet-stream"


@dataclass
class Opened:
    """The running server, and the latest uploads."""

    port: int
    library: Library
    tickets: Tickets
    upload_ids: deque[str] = field(default_factory=deque)


@contextmanager
def opened(folder: Path) -> Iterator[Opened]:
    """Serve a library of its own."""
    data_dir = folder / f"data-{time.monotonic_ns()}"
    library, tickets = Library(data_dir / "media", max_video_bytes=1 << 20), Tickets("a secret of this test")
    app = Starlette(routes=starlette_routes(library_routes(library, tickets, data_dir)))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield Opened(listener.getsockname()[1], library, tickets)
        server.should_exit = True
        thread.join()


def make_input(opened: Opened, random: Random) -> bytes:
    """One HTTP request; `@ID` and `@TICKET` stand for an upload in progress and a valid ticket."""
    method = random.choice([b"POST", b"POST", b"PATCH", b"PATCH", b"PATCH", b"HEAD", b"DELETE", b"OPTIONS"])
    path = UPLOADS_PREFIX.encode() + (b"" if method == b"POST" and random.random() < 0.9 else _upload_id(random))
    body = random.randbytes(random.choice([0, 1, SIZE, SIZE, SIZE + 1]))
    headers = [*_common(random, body), *(_creation(random) if method == b"POST" else _chunk(random, body))]
    if random.random() < 0.1:
        headers.append((b"X-HTTP-Method-Override", random.choice([b"PATCH", b"DELETE", b"HEAD", b"\xff", b"TRACE"])))
    if random.random() < 0.3:
        headers.append(random.choice(headers))
    random.shuffle(headers)
    lines = [b"%s %s HTTP/1.1" % (method, path), *(b"%s: %s" % header for header in headers)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def _common(random: Random, body: bytes) -> list[tuple[bytes, bytes]]:
    return [
        (b"Host", b"127.0.0.1"),
        (b"Connection", b"close"),
        (b"Content-Length", b"%d" % len(body)),
        (b"Tus-Resumable", _odd(random, b"1.0.0", 0.05)),
    ]


def _creation(random: Random) -> list[tuple[bytes, bytes]]:
    name = base64.b64encode(_odd(random, "Straße.mp4".encode(), 0.5))
    metadata = random.choice([b"filename %s", b"filetype dmlkZW8=,filename %s", b"filename %s,filename %s", b"%s"])
    return [
        (b"Authorization", _odd(random, b"Bearer @TICKET", 0.05)),
        (b"Upload-Length", _number(random)),
        (b"Upload-Metadata", _odd(random, metadata.replace(b"%s", name), 0.5)),
        (b"Frametally-Digest", _odd(random, random.choice([b"", b"ask", b"0" * 64]), 0.3)),
    ]


def _chunk(random: Random, body: bytes) -> list[tuple[bytes, bytes]]:
    algorithm = random.choice(["sha1", "sha256"])
    checksum = f"{algorithm} ".encode() + base64.b64encode(hashlib.new(algorithm, body).digest())
    headers = [(b"Content-Type", _odd(random, _PATCH_TYPE, 0.05)), (b"Upload-Offset", _number(random, b"0"))]
    if random.random() < 0.5:
        headers.append((b"Upload-Checksum", _odd(random, checksum, 0.7)))
    if random.random() < 0.3:
        headers.append((b"Frametally-Digest", _odd(random, b"0" * 64, 0.5)))
    return headers


def _upload_id(random: Random) -> bytes:
    return _odd(random, b"@ID", 0.1).replace(b"\n", b"").replace(b" ", b"%20")


def _number(random: Random, usual: bytes = b"%d" % SIZE) -> bytes:
    odd = [b"", b"-1", b"+1", b"0", b"1e3", b"0x10", b"\xb2", b"4 0", b"9" * 19, b"9" * 20, b"9" * 5000, b"1048576"]
    return usual if random.random() < 0.5 else _odd(random, random.choice(odd), 0.2)


def _odd(random: Random, value: bytes, share: float) -> bytes:
    """The value; in this share of cases another one, without the line breaks that end a header."""
    if random.random() >= share or not value:
        return value
    ways: list[Callable[[], bytes]] = [
        lambda: mutated(value, [value], random),
        lambda: value * random.choice([2, 100, 2000]),
        lambda: random.choice([b"", b"\xe9", b"\xff" * 30, b" ", b",", b"=", b"/../..", b"\xc3\xa9", b"\x00"]),
        lambda: value + random.choice([b"\xe9", b"=", b" ", b",", b"\t", b"\x7f", b"."]),
    ]
    return random.choice(ways)().replace(b"\r", b"").replace(b"\n", b"")[:_MAX_HEADER_BYTES]


def attempt(opened: Opened, data: bytes, random: Random) -> str:
    """Send the request; the answer must be complete, no internal error, and a refusal must give the reason."""
    upload_id = _upload(opened, random)
    request = data.replace(b"@TICKET", opened.tickets.for_upload().encode()).replace(b"@ID", upload_id.encode())
    status, headers, body = _exchange(opened.port, request)
    method = data.split(b" ", 1)[0].decode()
    assert status < 500 or status == 507, f"{status} {body[:200]!r}"
    if status >= 400 and method != "HEAD":
        _check_reason(status, headers, body)
    if status == 201:
        opened.upload_ids.append(urlsplit(headers["location"]).path.rpartition("/")[2])
    return f"{method} {status}"


def _upload(opened: Opened, random: Random) -> str:
    """An upload, mostly a new one; only the latest `_MAX_UPLOADS` are kept."""
    if not opened.upload_ids or random.random() < 0.7:
        opened.upload_ids.append(opened.library.uploads.begin("clip.mp4", SIZE, actor=None).id)
    while len(opened.upload_ids) > _MAX_UPLOADS:
        shutil.rmtree(opened.library.uploads.folder_of(opened.upload_ids.popleft()), ignore_errors=True)
    return random.choice([opened.upload_ids[-1], opened.upload_ids[-1], opened.upload_ids[0]])


def _check_reason(status: int, headers: dict[str, str], body: bytes) -> None:
    if headers.get("content-type", "").startswith("application/json"):
        error = json.loads(body)
        assert error["message"].strip(), f"{status} without a reason"
    else:
        assert body.strip(), f"{status} without a reason"  # the server itself refuses what is not HTTP


def _exchange(port: int, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send the bytes; returns status, headers in lower case, and body."""
    with socket.create_connection(("127.0.0.1", port), timeout=9) as line:
        line.sendall(request)
        received = bytearray()
        while part := line.recv(1 << 16):
            received += part
    head, separator, body = bytes(received).partition(b"\r\n\r\n")
    assert separator, f"no answer: {bytes(received)[:200]!r}"
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return int(first.split(" ")[1]), {name.lower(): value.strip() for name, _, value in pairs}, body
