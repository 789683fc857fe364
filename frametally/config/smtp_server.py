"""The SMTP server that a setting names.

smtps://user:password@host:465        TLS from the start
smtp://user:password@host:587         STARTTLS, which the server must support
smtp+plain://host:25                  not encrypted, so no password
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

from frametally.errors import SettingsError

_PORTS: Final = {"smtps": 465, "smtp": 587, "smtp+plain": 25}


@dataclass(frozen=True, kw_only=True)
class SmtpServer:
    """Where email is sent from, and the account used."""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)


def parse_smtp_server(url: str) -> SmtpServer:
    """The server of a URL.

    Raises:
        SettingsError: the URL is not valid; the message does not quote it, as it may contain a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
        raise SettingsError(
            "FRAMETALLY_SMTP_URL is not the URL of an SMTP server.", "Enter it as smtp://user:password@host:587."
        )
    if parts.password and parts.scheme == "smtp+plain":
        raise SettingsError("FRAMETALLY_SMTP_URL would send its password unencrypted.", "Use smtp:// or smtps://.")
    return SmtpServer(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )
