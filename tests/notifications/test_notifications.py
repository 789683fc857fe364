"""People are told once that a job has ended, also after a restart, and nothing secret is in what they get."""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
import socket
import ssl
import subprocess
import threading
import traceback
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default as email_policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from frametally.config.settings import Settings
from frametally.errors import NotificationError, SettingsError
from frametally.job import JobStatus
from frametally.ledger.ledger import Ledger
from frametally.notifications.messages import chat_safe, without_queries
from frametally.notifications.notifier import TEST_TEXT, Notifier
from frametally.notifications.outbox import GIVE_UP_AFTER, LEASE_S, Outbox, ends_after, last_event
from frametally.notifications.smtp import MailServer, parse_mail_server, send_mail
from frametally.notifications.webhook import SIGNATURE_HEADER, post, signature
from tests.support.ledgers import START, Clock, a_job, open_ledger

SECRET = "whsec_S3cret"


class Receiver(ThreadingHTTPServer):
    """What stands at the webhook's address: it writes down what comes, and answers as it is told."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/services/T0/B0/hook-path-is-secret"

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))
        status, headers = self.server.answers.pop(0) if self.server.answers else (200, {})
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


def settings_for(receiver: Receiver, **values: Any) -> Settings:
    usual = {"webhook_url": receiver.url, "webhook_secret": SECRET, "webhook_private_urls": True}
    return replace(Settings.read({}), **{**usual, **values})


def a_notifier(ledger: Ledger, settings: Settings, clock: Clock) -> Notifier:
    """One that has looked once already: what ended before is not told."""
    notifier = Notifier(ledger, settings, clock, look_every_s=0.01)
    notifier.send_due()
    return notifier


def end(ledger: Ledger, job_id: str, status: JobStatus = JobStatus.SUCCEEDED, **values: Any) -> None:
    ledger.add(a_job(job_id, status=JobStatus.SUBMITTED, remote_job_id=job_id))
    assert ledger.transition(ledger.job(job_id), status, **({"ended_at": START} | values))


@pytest.fixture
def ledger(sqlite_url: str, clock: Clock) -> Iterator[Ledger]:
    ledger = Ledger(sqlite_url, clock)
    yield ledger
    ledger.close()


def test_every_end_of_a_job_is_told_once(database_url: str, clock: Clock, receiver: Receiver) -> None:
    ledger = Ledger(database_url, clock)
    end(ledger, "before")
    clock.wait(1)
    notifier = a_notifier(ledger, settings_for(receiver), clock)
    for job_id, status in (("a", JobStatus.SUCCEEDED), ("b", JobStatus.FAILED), ("c", JobStatus.LOST)):
        end(ledger, job_id, status)
    ledger.add(a_job("open"))
    assert (notifier.send_due(), notifier.send_due()) == (3, 0)
    told = [(message["job"]["id"], message["event"]) for message in receiver.messages]
    assert told == [("a", "job.succeeded"), ("b", "job.failed"), ("c", "job.lost")]
    ledger.close()


def test_a_lost_job_that_comes_back_is_told_again(ledger: Ledger, clock: Clock, receiver: Receiver) -> None:
    notifier = a_notifier(ledger, settings_for(receiver), clock)
    end(ledger, "a", JobStatus.LOST)
    notifier.send_due()
    ledger.transition(ledger.job("a"), JobStatus.SUCCEEDED, ended_at=START)
    notifier.send_due()
    assert [message["event"] for message in receiver.messages] == ["job.lost", "job.succeeded"]


def test_the_message_says_what_a_person_and_a_program_want_to_know(
    ledger: Ledger, clock: Clock, receiver: Receiver
) -> None:
    notifier = a_notifier(ledger, settings_for(receiver, public_url="https://tally.example.com"), clock)
    end(ledger, "a", video_name="dock.mp4", frames=20)
    end(ledger, "b", JobStatus.FAILED, failure="The kept video is gone.")
    notifier.send_due()
    done, failed = receiver.messages
    assert done["text"] == (
        "film.mp4 is done (motion/1, on the built-in engine).\nhttps://tally.example.com/analytics?job=a"
    ).replace("film.mp4", "dock.mp4")
    assert done["url"] == "https://tally.example.com/analytics?job=a"
    assert (done["job"]["frames"], done["job"]["models"]) == (20, ["motion/1"])
    assert done["job"]["ended_at"] == START.isoformat()
    assert "has failed" in failed["text"]
    assert "The kept video is gone." in failed["text"]
    assert failed["url"] == "https://tally.example.com/jobs"


def test_no_key_no_signed_link_and_no_command_of_a_chat_is_in_a_message(
    ledger: Ledger, clock: Clock, receiver: Receiver
) -> None:
    notifier = a_notifier(ledger, settings_for(receiver), clock)
    end(
        ledger,
        "a",
        JobStatus.FAILED,
        video_name="<!channel> & <https://evil|dock>.mp4",
        video_url="https://storage/v.mp4?X-Amz-Signature=S3cret",
        upload_url="https://storage/u?sig=S3cret",
        key_id="fingerprint",
        failure="GET https://storage/v.mp4?X-Amz-Signature=S3cret&api_key=S3cret answered 403.",
    )
    notifier.send_due()
    (_, body), (message,) = receiver.got[0], receiver.messages
    assert b"S3cret" not in body
    assert b"fingerprint" not in body
    assert "https://storage/v.mp4 answered 403." in message["text"]
    assert "<" not in message["text"]
    assert "&lt;!channel&gt; &amp;" in message["text"]


def test_a_receiver_can_tell_who_sent_it_and_when(ledger: Ledger, clock: Clock, receiver: Receiver) -> None:
    notifier = a_notifier(ledger, settings_for(receiver), clock)
    end(ledger, "a")
    notifier.send_due()
    headers, body = receiver.got[0]
    stamp, code = (part.partition("=")[2] for part in headers[SIGNATURE_HEADER].split(","))
    assert stamp == str(int(START.timestamp()))
    assert code == hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert signature("another", body, START) != headers[SIGNATURE_HEADER]


def test_without_a_secret_a_message_is_not_signed(ledger: Ledger, clock: Clock, receiver: Receiver) -> None:
    a_notifier(ledger, settings_for(receiver, webhook_secret=None), clock).send_test("webhook")
    assert SIGNATURE_HEADER not in receiver.got[0][0]
    assert receiver.messages == [{"id": "test", "event": "test", "text": TEST_TEXT}]


def test_what_was_not_taken_is_tried_again_ever_more_seldom(ledger: Ledger, clock: Clock, receiver: Receiver) -> None:
    notifier = a_notifier(ledger, settings_for(receiver), clock)
    receiver.answers = [(500, {}), (503, {}), (302, {"Location": "https://elsewhere"})]
    end(ledger, "a")
    notifier.send_due()
    assert "answered 500" in notifier.outbox.last_error("webhook")
    for pause_s, tries in ((9.0, 1), (4.0, 2), (20.0, 2), (20.0, 3), (60.0, 3), (60.0, 4)):
        clock.wait(pause_s)
        notifier.send_due()
        assert len(receiver.got) == tries
    assert {message["id"] for message in receiver.messages} == {receiver.messages[0]["id"]}
    assert notifier.outbox.last_error("webhook") == ""


def test_a_receiver_that_asks_for_time_gets_it(ledger: Ledger, clock: Clock, receiver: Receiver) -> None:
    notifier = a_notifier(ledger, settings_for(receiver), clock)
    receiver.answers = [(429, {"Retry-After": "300"})]
    end(ledger, "a")
    notifier.send_due()
    clock.wait(299)
    assert notifier.send_due() == 0
    clock.wait(1)
    assert notifier.send_due() == 1


def test_after_a_day_nobody_tries_any_more(ledger: Ledger, clock: Clock, receiver: Receiver) -> None:
    notifier = a_notifier(ledger, settings_for(receiver), clock)
    receiver.answers = [(500, {})] * 100
    end(ledger, "a")
    for _ in range(60):
        notifier.send_due()
        clock.wait(3600)
    assert 10 < len(receiver.got) < 35
    receiver.answers = []
    assert notifier.send_due() == 0


def test_what_waits_outlives_the_process(sqlite_url: str, clock: Clock, receiver: Receiver) -> None:
    with open_ledger(sqlite_url) as ledger:
        ledger._clock = clock
        a_notifier(ledger, settings_for(receiver), clock)
        end(ledger, "a")
    with open_ledger(sqlite_url) as ledger:
        assert a_notifier(ledger, settings_for(receiver), clock).channels == ["webhook"]
    assert [message["job"]["id"] for message in receiver.messages] == ["a"]


def test_a_process_that_dies_while_it_sends_leaves_the_notice_to_another(
    ledger: Ledger, clock: Clock, receiver: Receiver
) -> None:
    dying, other = (a_notifier(ledger, settings_for(receiver), clock) for _ in range(2))
    end(ledger, "a")
    dying.outbox.fill("webhook", clock())
    assert dying.outbox.claim("webhook", clock())
    assert other.send_due() == 0
    clock.wait(LEASE_S)
    assert other.send_due() == 1


def test_of_many_threads_one_sends_each_notice(database_url: str, clock: Clock, receiver: Receiver) -> None:
    ledger = Ledger(database_url, clock)
    notifiers = [a_notifier(ledger, settings_for(receiver), clock) for _ in range(4)]
    for number in range(8):
        end(ledger, f"j{number}")
    together = threading.Barrier(4)

    def send(notifier: Notifier) -> None:
        together.wait()
        notifier.send_due()

    threads = [Thread(target=send, args=(notifier,)) for notifier in notifiers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(message["job"]["id"] for message in receiver.messages) == [f"j{number}" for number in range(8)]
    ledger.close()


def test_a_job_that_was_removed_is_no_news(ledger: Ledger, clock: Clock, receiver: Receiver) -> None:
    notifier = a_notifier(ledger, settings_for(receiver), clock)
    end(ledger, "a")
    notifier.outbox.fill("webhook", clock())
    ledger.remove("a")
    notifier.send_due()
    clock.wait(3600)
    notifier.send_due()
    assert receiver.got == []


def test_settled_notices_are_forgotten_in_time_and_not_told_again(
    ledger: Ledger, clock: Clock, receiver: Receiver
) -> None:
    notifier = a_notifier(ledger, settings_for(receiver), clock)
    end(ledger, "a")
    notifier.send_due()
    for _ in range(5):
        clock.wait(GIVE_UP_AFTER.total_seconds() / 2 + 1)
        notifier.send_due()
    assert len(receiver.got) == 1
    notifier.outbox.forget_old(clock() + 10 * GIVE_UP_AFTER)


def test_the_thread_tells_without_being_asked(ledger: Ledger, clock: Clock, receiver: Receiver) -> None:
    notifier = a_notifier(ledger, settings_for(receiver), clock)
    notifier.start()
    notifier.start()
    end(ledger, "a")
    for _ in range(2000):
        if receiver.got:
            break
        threading.Event().wait(0.01)
    notifier.stop()
    assert [message["job"]["id"] for message in receiver.messages] == ["a"]


def test_a_webhook_reaches_no_private_address_unless_that_is_meant(receiver: Receiver) -> None:
    with pytest.raises(NotificationError, match="FRAMETALLY_WEBHOOK_PRIVATE_URLS"):
        post(receiver.url, {}, secret=None, private_urls=False, now=START)
    assert receiver.got == []


def test_the_path_of_a_webhook_is_in_no_error(receiver: Receiver) -> None:
    receiver.answers = [(404, {})]
    gone = receiver.url.replace(f":{receiver.server_port}", ":9")
    for url in (receiver.url, gone, gone.replace("127.0.0.1", "nowhere.invalid")):
        with pytest.raises(NotificationError) as caught:
            post(url, {}, secret=SECRET, private_urls=True, now=START)
        seen = [str(caught.value), repr(caught.value.__cause__), repr(caught.value.__context__)]
        assert not any("hook-path-is-secret" in text or SECRET in text for text in seen)


def test_who_has_ended_since_is_read_from_the_history(ledger: Ledger) -> None:
    end(ledger, "before")
    mark = last_event(ledger)
    assert ends_after(ledger, mark) == []
    end(ledger, "a")
    end(ledger, "b", JobStatus.FAILED)
    assert [(ended.job_id, ended.status) for ended in ends_after(ledger, mark)] == [
        ("a", JobStatus.SUCCEEDED),
        ("b", JobStatus.FAILED),
    ]
    assert ends_after(ledger, last_event(ledger)) == []


def test_a_channel_opened_later_is_not_flooded(ledger: Ledger, clock: Clock) -> None:
    end(ledger, "old")
    clock.wait(1)
    outbox = Outbox(ledger)
    outbox.open_channel("e-mail", clock())
    outbox.open_channel("e-mail", clock() - timedelta(days=1))
    outbox.fill("e-mail", clock())
    assert outbox.claim("e-mail", clock()) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see https://h/p?key=1#x, now", "see https://h/p now"),
        ("https://h/p", "https://h/p"),
        ("what? nothing", "what? nothing"),
    ],
)
def test_addresses_end_where_a_secret_may_begin(text: str, shown: str) -> None:
    assert without_queries(text) == shown
    assert chat_safe(shown) == shown


OVER_TLS = pytest.mark.filterwarnings("ignore:Requiring AUTH while")
"""The server cannot know that a socket of TLS is one; it asks for the password on no other."""


class Postbox:
    """What a mail server of the team's keeps of its mail."""

    def __init__(self) -> None:
        self.got: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.got.append(envelope)
        return "250 OK"


def only_tally(server: SMTP, session: Session, envelope: Envelope, mechanism: str, auth: Any) -> AuthResult:
    good = isinstance(auth, LoginPassword) and (auth.login, auth.password) == (b"tally", b"p@ss/word")
    return AuthResult(success=good, handled=False)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost and its key, in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with")
    both = tmp_path_factory.mktemp("tls") / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2"]
    names = ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command, *names, "-keyout", both, "-out", f"{both}.crt"], check=True, capture_output=True)
    both.write_bytes(both.read_bytes() + Path(f"{both}.crt").read_bytes())
    return both


@pytest.fixture(params=["smtp", "smtps"])
def mail_server(
    request: pytest.FixtureRequest, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, Postbox]]:
    """The address of a mail server that wants TLS and a password, trusted by this process, and what it keeps."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    way = {"tls_context": context, "require_starttls": True} if request.param == "smtp" else {"ssl_context": context}
    postbox, port = Postbox(), free_port()
    controller = Controller(
        postbox,
        hostname="localhost",
        port=port,
        authenticator=only_tally,
        auth_required=True,
        auth_require_tls=False,
        **way,
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    controller.start()
    yield f"{request.param}://tally:p%40ss%2Fword@localhost:{port}", postbox
    controller.stop()


@OVER_TLS
def test_mail_tells_of_a_job_over_a_server_that_wants_tls_and_a_password(
    ledger: Ledger, clock: Clock, mail_server: tuple[str, Postbox]
) -> None:
    url, postbox = mail_server
    people = ("ana@example.com", "ben@example.com")
    settings = replace(Settings.read({}), smtp_url=url, email_to=people, public_url="https://tally.example.com")
    notifier = a_notifier(ledger, settings, clock)
    assert notifier.channels == ["e-mail"]
    end(ledger, "a", video_name="Löwe\nBcc: all@example.com.mp4")
    assert notifier.send_due() == 1
    (envelope,) = postbox.got
    assert envelope.rcpt_tos == list(people)
    mail = message_from_bytes(bytes(envelope.original_content or b""), policy=email_policy)
    assert mail["Subject"] == "Löwe Bcc: all@example.com.mp4 is done"
    assert mail["Bcc"] is None
    assert "https://tally.example.com/analytics?job=a" in mail.get_content()


@OVER_TLS
def test_a_mail_server_that_refuses_says_why_and_never_the_password(mail_server: tuple[str, Postbox]) -> None:
    url, postbox = mail_server
    with pytest.raises(NotificationError, match="refuses the user or the password") as caught:
        send_mail(
            parse_mail_server(url.replace("word@", "wort@")),
            sender="a@b.c",
            recipients=["d@e.f"],
            subject="s",
            text="t",
        )
    assert "p@ss" not in str(caught.value)
    assert postbox.got == []


@OVER_TLS
def test_a_password_that_no_mail_server_can_be_told_is_said_to_be_one(mail_server: tuple[str, Postbox]) -> None:
    url, postbox = mail_server
    server = parse_mail_server(url.replace("p%40ss%2Fword", "p%C3%A4ss"))
    with pytest.raises(NotificationError, match="letters beyond ASCII") as caught:
        send_mail(server, sender="a@b.c", recipients=["d@e.f"], subject="s", text="t")
    assert "Choose another password" in caught.value.next_step
    assert "päss" not in "".join(traceback.format_exception(caught.value))
    assert postbox.got == []


@OVER_TLS
def test_a_certificate_that_nobody_vouches_for_gets_no_password(
    mail_server: tuple[str, Postbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, _ = mail_server
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(NotificationError, match="certificate"):
        send_mail(parse_mail_server(url), sender="a@b.c", recipients=["d@e.f"], subject="s", text="t")


def test_a_server_without_starttls_gets_nothing_unless_plain_is_meant() -> None:
    postbox = Postbox()
    port = free_port()
    controller = Controller(postbox, hostname="127.0.0.1", port=port)
    controller.start()
    mail = {"sender": "a@b.c", "recipients": ["d@e.f"], "subject": "s", "text": "t"}
    with pytest.raises(NotificationError, match="no STARTTLS"):
        send_mail(parse_mail_server(f"smtp://127.0.0.1:{port}"), **mail)  # type: ignore[arg-type]
    send_mail(parse_mail_server(f"smtp+plain://127.0.0.1:{port}"), **mail)  # type: ignore[arg-type]
    controller.stop()
    assert len(postbox.got) == 1
    with pytest.raises(NotificationError, match="does not answer"):
        send_mail(MailServer(scheme="smtp+plain", host="127.0.0.1", port=9), **mail)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url",
    ["host:25", "http://host", "smtp://", "smtp://u:S3cret@host/x", "smtp+plain://u:S3cret@host", "smtp://h:port"],
)
def test_what_is_no_mail_server_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError, match="FRAMETALLY_SMTP_URL") as caught:
        Settings.read({"FRAMETALLY_SMTP_URL": url})
    assert "S3cret" not in str(caught.value)


def test_channels_are_those_that_the_settings_name() -> None:
    env = {
        "FRAMETALLY_WEBHOOK_URL": f"https://hooks.example.com/{SECRET}",
        "FRAMETALLY_WEBHOOK_SECRET": SECRET,
        "FRAMETALLY_SMTP_URL": f"smtp://u:{SECRET}@mail.example.com",
        "FRAMETALLY_EMAIL_TO": "ana@example.com, ben@example.com",
    }
    settings = Settings.read(env)
    assert settings.email_to == ("ana@example.com", "ben@example.com")
    assert SECRET not in repr(settings)
    assert parse_mail_server(settings.smtp_url or "").port == 587
    for name, wrong in (("WEBHOOK_URL", "ftp://x"), ("EMAIL_TO", "ana"), ("PUBLIC_URL", "tally")):
        with pytest.raises(SettingsError):
            Settings.read({f"FRAMETALLY_{name}": wrong})
