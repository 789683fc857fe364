"""A webhook receiver and an SMTP server on real sockets, and a ledger with jobs that end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from frametally.config.settings import Settings
from frametally.job import JobStatus
from frametally.ledger.ledger import Ledger
from frametally.notifications.notifier import Notifier
from tests.support.certificates import make_certificate, server_context
from tests.support.ledgers import START, Clock, a_job, open_ledger

SECRET = "whsec_c2VjcmV0IG9mIHRoaXMgdGVzdA=="


class Receiver(ThreadingHTTPServer):
    """The server at the webhook's URL: records requests and returns the planned responses, then 200."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.responses: list[tuple[int, dict[str, str]]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/services/T0/B0/hook-path-is-secret"

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.requests]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((dict(self.headers), body))
        status, headers = self.server.responses.pop(0) if self.server.responses else (200, {})
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        thread = Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield receiver
        receiver.shutdown()
        thread.join()


@pytest.fixture
def ledger(sqlite_url: str, clock: Clock) -> Iterator[Ledger]:
    with open_ledger(sqlite_url, clock) as ledger:
        yield ledger


def settings_for(receiver: Receiver, **values: Any) -> Settings:
    usual = {"webhook_url": receiver.url, "webhook_secret": SECRET, "webhook_private_urls": True}
    return replace(Settings.read({}), **{**usual, **values})


def make_notifier(ledger: Ledger, settings: Settings, clock: Clock) -> Notifier:
    """A notifier that has run once: jobs that ended before are not announced."""
    notifier = Notifier(ledger, settings, clock, interval_s=0.01)
    notifier.send_due()
    return notifier


def end_job(ledger: Ledger, job_id: str, status: JobStatus = JobStatus.SUCCEEDED, **values: Any) -> None:
    ledger.add(a_job(job_id, status=JobStatus.SUBMITTED, remote_job_id=job_id))
    assert ledger.transition(ledger.job(job_id), status, **({"ended_at": START} | values))


class Mailbox:
    """The messages that the SMTP server accepted."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        return "250 OK"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost and its key."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(params=["smtp", "smtps"])
def smtp_server(
    request: pytest.FixtureRequest, certificate: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, Mailbox]]:
    """The URL of a server that requires TLS and a password, trusted by this process, and its mailbox."""
    context = server_context(certificate)
    tls = {"tls_context": context, "require_starttls": True} if request.param == "smtp" else {"ssl_context": context}
    mailbox, port = Mailbox(), free_port
    controller = Controller(
        mailbox,
        hostname="localhost",
        port=port,
        authenticator=_authenticate,
        auth_required=True,
        auth_require_tls=False,
        **tls,
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    controller.start()
    yield f"{request.param}://tally:p%40ss%2Fword@localhost:{port}", mailbox
    controller.stop()


def _authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, auth: Any) -> AuthResult:
    is_known = isinstance(auth, LoginPassword) and (auth.login, auth.password) == (b"tally", b"p@ss/word")
    return AuthResult(success=is_known, handled=False)
