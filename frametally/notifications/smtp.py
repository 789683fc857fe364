"""Send an email through an SMTP server."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final

from frametally.config.smtp_server import SmtpServer
from frametally.errors import NotificationError

_TIMEOUT_S: Final = 15.0
_CHECK: Final = "Check FRAMETALLY_SMTP_URL."
_REASONS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (smtplib.SMTPAuthenticationError, "rejects the user or the password"),
    (smtplib.SMTPRecipientsRefused, "rejects the recipients"),
    (smtplib.SMTPNotSupportedError, "does not support STARTTLS or login"),
    (ssl.SSLError, "has an untrusted certificate, or failed the TLS handshake"),
)


def send_mail(server: SmtpServer, *, sender: str, recipients: Sequence[str], subject: str, text: str) -> None:
    """Send one message to all recipients.

    Raises:
        NotificationError: the server did not accept it. Its response is not quoted: it may repeat the password.
    """
    message = EmailMessage()
    message["Subject"] = " ".join(subject.split())
    message["From"], message["To"] = sender, ", ".join(recipients)
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="frametally.invalid")
    message.set_content(text)
    next_step = _CHECK
    try:
        with _connect(server) as connection:
            if server.user:
                connection.login(server.user, server.password)
            connection.send_message(message)
        return
    except (smtplib.SMTPException, OSError) as error:
        reason = _reason(error)
    except UnicodeError:  # its text contains the password
        reason = "cannot receive this user and password: SMTP allows only ASCII in them"
        next_step = "Choose another password there, then change FRAMETALLY_SMTP_URL."
    # Raised outside the handler, so that the caught error does not become the context.
    raise NotificationError(f"The SMTP server {server.host} {reason}.", next_step)


def _reason(error: Exception) -> str:
    for kind, words in _REASONS:
        if isinstance(error, kind):
            return words
    if isinstance(error, smtplib.SMTPResponseException):
        return f"returned {error.smtp_code}"
    return "does not respond"


def _connect(server: SmtpServer) -> smtplib.SMTP:
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
