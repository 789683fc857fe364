"""An S3 server on loopback: moto's, behind a proxy that checks every signature, which moto does not, and can fail."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

ACCESS_KEY, SECRET_KEY, REGION, BUCKET = "AKIATESTKEY", "a-secret/that+appears=nowhere", "eu-central-1", "tally"
_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
_NOT_FORWARDED = {"transfer-encoding", "connection", "server", "date", "content-length"}
_SKEW_S = 900.0
"""By how much clocks may differ."""
_FORBIDDEN = b"<Error><Code>SignatureDoesNotMatch</Code></Error>"


@dataclass
class ObjectStorage:
    """The server; `fail_next` requests are answered with 503."""

    port: int
    moto_port: int
    fail_next: int = 0
    cut_next: int = 0
    """Of so many requests the response is lost, after the server has done what they ask for."""
    answers: threading.Event = field(default_factory=threading.Event)
    """While it is cleared, requests get no answer, and are not done; their connections stay open."""
    requests: list[str] = field(default_factory=list)
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.answers.set()

    @property
    def url(self) -> str:
        return f"s3://{BUCKET}/team"

    @property
    def keys(self) -> dict[str, str]:
        """As in the environment or secrets.toml."""
        return {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ALLOW_HTTP": "true",
        }

    def client(self) -> Any:
        """boto3's, which sees what is really in the bucket."""
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.moto_port}",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name=REGION,
        )

    def take(self, name: str) -> bool:
        with self.lock:
            left = getattr(self, name)
            setattr(self, name, max(left - 1, 0))
            return bool(left)


@contextmanager
def object_storage() -> Iterator[ObjectStorage]:
    """Skips the test where the packages are missing."""
    for package in ("obstore", "moto", "flask", "boto3"):
        pytest.importorskip(package, reason=f"needs the package {package}: pip install obstore 'moto[server]'")
    from moto.server import ThreadedMotoServer

    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    _, moto_port = moto.get_host_and_port()
    storage = ObjectStorage(port=0, moto_port=moto_port)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(storage))
    storage.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        requests.post(f"http://127.0.0.1:{moto_port}/moto-api/reset", timeout=10)  # its state is that of the process
        storage.client().create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield storage
    finally:
        storage.answers.set()
        server.shutdown()
        server.server_close()
        thread.join()
        moto.stop()


def _handler(storage: ObjectStorage) -> type[BaseHTTPRequestHandler]:
    return type("Proxy", (_Proxy,), {"storage": storage})


class _Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    storage: ObjectStorage

    def _forward(self) -> None:
        body = _body_of(self)
        self.storage.requests.append(f"{self.command} {self.path}")
        if not self.storage.answers.is_set():
            self.storage.answers.wait()
            self.close_connection = True
        elif self.storage.take("fail_next"):
            self._answer(503, {}, _SLOW_DOWN)
        elif not is_signed(self.command, self.path, dict(self.headers.items()), body):
            self.storage.refused += 1
            self._answer(403, {"Content-Type": "application/xml"}, _FORBIDDEN)
        else:
            upstream = HTTPConnection("127.0.0.1", self.storage.moto_port, timeout=30)
            upstream.request(self.command, self.path, body, dict(self.headers.items()))
            response = upstream.getresponse()
            content = response.read()
            upstream.close()
            if self.storage.take("cut_next"):
                self.close_connection = True
                return
            self._answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _forward  # noqa: N815

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        is_head = self.command == "HEAD"
        length = headers.get("content-length", "0") if is_head else str(len(content))
        self.send_response(status)
        for name in headers.keys() - _NOT_FORWARDED:
            self.send_header(name, headers[name])
        self.send_header("Content-Length", length)
        self.end_headers()
        if not is_head:
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def _body_of(request: BaseHTTPRequestHandler) -> bytes:
    if request.headers.get("Transfer-Encoding", "").lower() != "chunked":
        return request.rfile.read(int(request.headers.get("Content-Length", 0)))
    parts = []
    while size := int(request.rfile.readline(), 16):
        parts.append(request.rfile.read(size))
        request.rfile.readline()
    request.rfile.readline()
    return b"".join(parts)


class _Claim(NamedTuple):
    """What a request says about its signature, in its header or, for a link, in its query."""

    is_link: bool
    credential: list[str]
    """Access key, day, region, service, and the end that all have."""
    signed_headers: list[str]
    signature: str
    date: str
    valid_s: float


def is_signed(method: str, path: str, headers: dict[str, str], body: bytes) -> bool:
    """Whether AWS Signature Version 4 of the request and of its body is that of the secret key, and is not too old."""
    from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    lower = {name.lower(): value for name, value in headers.items()}
    claim = _claim(path, lower)
    if claim is None or claim.credential[0] != ACCESS_KEY or not _is_current(claim):
        return False
    declared = "UNSIGNED-PAYLOAD" if claim.is_link else lower.get("x-amz-content-sha256", "")
    if declared not in ("UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()):
        return False
    required = {"host"} if claim.is_link else {"host", "x-amz-date", "x-amz-content-sha256"}
    signed = {name: lower.get(name, "") for name in claim.signed_headers}
    if not required <= signed.keys():
        return False
    url = f"http://{lower['host']}{re.sub('&?X-Amz-Signature=[^&]*', '', path)}"
    request = AWSRequest(method, url, headers=signed)
    request.context["timestamp"] = claim.date
    kind = S3SigV4QueryAuth if claim.is_link else S3SigV4Auth
    signer = kind(Credentials(ACCESS_KEY, SECRET_KEY), claim.credential[3], claim.credential[2])
    text = signer.string_to_sign(request, signer.canonical_request(request))
    return bool(signer.signature(text, request) == claim.signature)


def _claim(path: str, headers: dict[str, str]) -> _Claim | None:
    in_query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
    kind, _, text = headers.get("authorization", "").partition(" ")
    is_link = not kind
    if is_link:
        kind = in_query.get("X-Amz-Algorithm", "")
        fields = {name.removeprefix("X-Amz-"): value for name, value in in_query.items()}
    else:
        fields = dict(part.strip().split("=", 1) for part in text.split(",") if "=" in part)
        fields |= {"Date": headers.get("x-amz-date", ""), "Expires": str(_SKEW_S)}
    names = ("Credential", "SignedHeaders", "Signature", "Date", "Expires")
    if kind != "AWS4-HMAC-SHA256" or not set(names) <= fields.keys():
        return None
    credential, signed_headers, signature, date, valid_s = (fields[name] for name in names)
    parts = credential.split("/")
    return (
        _Claim(is_link, parts, signed_headers.split(";"), signature, date, float(valid_s)) if len(parts) == 5 else None
    )


def _is_current(claim: _Claim) -> bool:
    try:
        signed_at = datetime.strptime(claim.date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return -_SKEW_S <= (datetime.now(UTC) - signed_at).total_seconds() <= claim.valid_s
