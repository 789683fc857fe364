"""Parsers from the text of a setting to its value.

Each raises ValueError with what is expected, worded to follow "Use ", and never with the text itself.
"""

from __future__ import annotations

import math
from pathlib import Path

from frametally.config.smtp_server import parse_smtp_server
from frametally.errors import SettingsError
from frametally.network.urls import parse_service_url

_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def optional_text(text: str) -> str | None:
    """The text; None if it is empty."""
    return text or None


def folder(text: str) -> Path:
    """An absolute path."""
    return Path(text).absolute()


def flag(text: str) -> bool:
    """Whether something is enabled."""
    try:
        return _FLAGS[text.lower()]
    except KeyError:
        raise ValueError("true or false") from None


def positive_number(text: str) -> float:
    """A finite number above zero."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise ValueError("a number above zero")
    return number


def positive_integer(text: str) -> int:
    """A number of at least one, rounded down."""
    number = int(positive_number(text))
    if not number:
        raise ValueError("a number of at least 1")
    return number


def optional_integer(text: str) -> int | None:
    """A number of at least one, rounded down; None if the text is empty."""
    return positive_integer(text) if text else None


def optional_service_url(text: str) -> str | None:
    """A URL of host and path without a trailing slash; None if the text is empty."""
    try:
        return parse_service_url(text) if text else None
    except SettingsError:
        raise ValueError("a URL without key or query, such as https://host or http://host:port") from None


def optional_web_url(text: str) -> str | None:
    """An http or https URL; None if the text is empty."""
    if text and not text.startswith(("https://", "http://")):
        raise ValueError("an http or https URL, such as https://hooks.example.com/…")
    return text or None


def optional_smtp_url(text: str) -> str | None:
    """The URL of an SMTP server; None if the text is empty.

    Raises:
        SettingsError: the URL is invalid; the message says why.
    """
    if text:
        parse_smtp_server(text)
    return text or None


def email_addresses(text: str) -> tuple[str, ...]:
    """Addresses separated by commas."""
    addresses = tuple(filter(None, (part.strip() for part in text.split(","))))
    if any("@" not in address or any(char.isspace() for char in address) for address in addresses):
        raise ValueError("email addresses separated by commas, such as a@example.com, b@example.com")
    return addresses
