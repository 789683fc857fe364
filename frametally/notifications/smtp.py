"""An e-mail over the team's own SMTP server.

smtps://user:password@host:465        TLS from the beginning
smtp://user:password@host:587         STARTTLS, which the server must have
smtp+plain://host:25                  nothing encrypted, so no password either
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final
from urllib.parse import unquote, urlsplit

from frametally.errors import NotificationError, SettingsError

_PORTS: Final = {"smtps": 465, "smtp": 587, "smtp+plain": 25}
_TIMEOUT_S: Final = 15.0
_CHECK: Final = "Check FRAMETALLY_SMTP_URL."


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """Where mail is handed over, and as whom."""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)


def parse_mail_server(url: str) -> MailServer:
    """The server that a setting names.

    Raises:
        SettingsError: it cannot be read; the message does not repeat it, as a password may stand in it.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
        raise SettingsError(
            "FRAMETALLY_SMTP_URL is no address of a mail server.", "Like smtp://user:password@host:587."
        )
    if parts.password and parts.scheme == "smtp+plain":
        raise SettingsError("FRAMETALLY_SMTP_URL would send its password in the clear.", "Use smtp:// or smtps://.")
    return MailServer(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def send_mail(server: MailServer, *, sender: str, recipients: Sequence[str], subject: str, text: str) -> None:
    """Hand one mail over for all recipients.

    Raises:
        NoticeError: the server did not take it; its own words are left out, as they may repeat what it was told.
    """
    message = EmailMessage()
    message["Subject"] = " ".join(subject.split())
    message["From"], message["To"] = sender, ", ".join(recipients)
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="frametally.invalid")
    message.set_content(text)
    check = _CHECK
    try:
        with _connected(server) as connection:
            if server.user:
                connection.login(server.user, server.password)
            connection.send_message(message)
        return
    except smtplib.SMTPAuthenticationError:
        why = "refuses the user or the password"
    except smtplib.SMTPRecipientsRefused:
        why = "refuses the recipients"
    except smtplib.SMTPNotSupportedError:
        why = "has no STARTTLS, or no login"
    except ssl.SSLError:
        why = "has a certificate that cannot be trusted"
    except smtplib.SMTPResponseException as error:
        why = f"answered {error.smtp_code}"
    except (smtplib.SMTPException, OSError):
        why = "does not answer"
    except UnicodeError:  # in whose text the password stands
        why = "cannot be told this user and password: they hold letters beyond ASCII"
        check = "Choose another password there, then change FRAMETALLY_SMTP_URL."
    raise NotificationError(f"The mail server {server.host} {why}.", check)


def _connected(server: MailServer) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.scheme == "smtps":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=_TIMEOUT_S, context=context)
    connection = smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT_S)
    if server.scheme == "smtp":
        try:
            connection.starttls(context=context)
        except BaseException:
            connection.close()
            raise
    return connection
