"""E-mail through SMTP servers with TLS and login, and the errors of those that refuse."""

from __future__ import annotations

import traceback
from dataclasses import replace
from email import message_from_bytes
from email.policy import default as email_policy

import pytest
from aiosmtpd.controller import Controller

from frametally.config.settings import Settings
from frametally.config.smtp_server import SmtpServer, parse_smtp_server
from frametally.errors import NotificationError, SettingsError
from frametally.ledger.ledger import Ledger
from frametally.notifications.smtp import send_mail
from tests.notifications.conftest import SECRET, Mailbox, end_job, make_notifier
from tests.support.ledgers import Clock

OVER_TLS = pytest.mark.filterwarnings("ignore:Requiring AUTH while")
"""The server warns that it requires a login without TLS: it does not detect that its socket is encrypted."""


def send(server: SmtpServer) -> None:
    send_mail(server, sender="a@b.c", recipients=["d@e.f"], subject="s", text="t")


@OVER_TLS
def test_job_end_is_mailed_through_a_server_with_tls_and_password(
    ledger: Ledger, clock: Clock, smtp_server: tuple[str, Mailbox]
) -> None:
    url, mailbox = smtp_server
    recipients = ("ana@example.com", "ben@example.com")
    settings = replace(Settings.read({}), smtp_url=url, email_to=recipients, public_url="https://tally.example.com")
    notifier = make_notifier(ledger, settings, clock)
    assert notifier.channels == ["e-mail"]
    end_job(ledger, "a", video_name="Löwe\nBcc: all@example.com.mp4")
    assert notifier.send_due() == 1
    (envelope,) = mailbox.envelopes
    assert envelope.rcpt_tos == list(recipients)
    mail = message_from_bytes(bytes(envelope.original_content or b""), policy=email_policy)
    assert mail["Subject"] == "Löwe Bcc: all@example.com.mp4 is done"
    assert mail["Bcc"] is None
    assert "https://tally.example.com/analytics?job=a" in mail.get_content()


@OVER_TLS
def test_rejected_login_is_reported_without_the_password(smtp_server: tuple[str, Mailbox]) -> None:
    url, mailbox = smtp_server
    with pytest.raises(NotificationError, match="rejects the user or the password") as caught:
        send(parse_smtp_server(url.replace("word@", "wort@")))
    assert "p@ss" not in str(caught.value)
    assert mailbox.envelopes == []


@OVER_TLS
def test_password_beyond_ascii_is_reported_without_it(smtp_server: tuple[str, Mailbox]) -> None:
    url, mailbox = smtp_server
    with pytest.raises(NotificationError, match="only ASCII") as caught:
        send(parse_smtp_server(url.replace("p%40ss%2Fword", "p%C3%A4ss")))
    assert "Choose another password" in caught.value.next_step
    assert "päss" not in "".join(traceback.format_exception(caught.value))
    assert mailbox.envelopes == []


@OVER_TLS
def test_untrusted_certificate_gets_no_password(
    smtp_server: tuple[str, Mailbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, _ = smtp_server
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(NotificationError, match="certificate"):
        send(parse_smtp_server(url))


def test_server_without_starttls_is_used_only_if_plain_is_configured(free_port: int) -> None:
    mailbox, port = Mailbox(), free_port
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    with pytest.raises(NotificationError, match="STARTTLS"):
        send(parse_smtp_server(f"smtp://127.0.0.1:{port}"))
    send(parse_smtp_server(f"smtp+plain://127.0.0.1:{port}"))
    controller.stop()
    assert len(mailbox.envelopes) == 1
    with pytest.raises(NotificationError, match="does not respond"):
        send(SmtpServer(scheme="smtp+plain", host="127.0.0.1", port=9))


@pytest.mark.parametrize(
    "url",
    ["host:25", "http://host", "smtp://", "smtp://u:S3cret@host/x", "smtp+plain://u:S3cret@host", "smtp://h:port"],
)
def test_invalid_server_url_is_refused_and_not_quoted(url: str) -> None:
    with pytest.raises(SettingsError, match="FRAMETALLY_SMTP_URL") as caught:
        Settings.read({"FRAMETALLY_SMTP_URL": url})
    assert "S3cret" not in str(caught.value)


def test_settings_of_the_channels_are_read_and_not_shown() -> None:
    env = {
        "FRAMETALLY_WEBHOOK_URL": f"https://hooks.example.com/{SECRET}",
        "FRAMETALLY_WEBHOOK_SECRET": SECRET,
        "FRAMETALLY_SMTP_URL": "smtp://u:S3cret@mail.example.com",
        "FRAMETALLY_EMAIL_TO": "ana@example.com, ben@example.com",
    }
    settings = Settings.read(env)
    assert settings.email_to == ("ana@example.com", "ben@example.com")
    assert SECRET not in repr(settings)
    assert "S3cret" not in repr(settings)
    assert parse_smtp_server(settings.smtp_url or "").port == 587
    for name, wrong in (("WEBHOOK_URL", "ftp://x"), ("EMAIL_TO", "ana"), ("PUBLIC_URL", "tally")):
        with pytest.raises(SettingsError):
            Settings.read({f"FRAMETALLY_{name}": wrong})
