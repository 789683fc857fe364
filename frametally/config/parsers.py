"""Parsers from the text of a setting to its value.

Each raises ValueError with what is expected, worded to follow "Use ", and never with the text itself.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

from frametally.config.smtp_server import parse_smtp_server
from frametally.errors import SettingsError
from frametally.network.urls import parse_service_url
from frametally.storage.objects import URL

_HOST_NAME = re.compile(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?|\*|\[?[0-9a-f:.]+\]?", re.IGNORECASE | re.ASCII)
_CLUSTER = re.compile(r"auto|(ray://)?[a-z0-9][a-z0-9._-]*:[0-9]{1,5}", re.IGNORECASE | re.ASCII)
_FRAME_SOURCE = re.compile(r"(https?://)?(\*\.)?[a-z0-9_.-]+(:(\d+|\*))?|https?:", re.IGNORECASE | re.ASCII)
_FRAME_KEYWORDS = ("none", "self")
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


def optional_cluster(text: str) -> str | None:
    """The address of a Ray cluster; None if the text is empty."""
    if text and not _CLUSTER.fullmatch(text):
        raise ValueError("auto, host:6379 or ray://host:10001")
    return text or None


def optional_integer(text: str) -> int | None:
    """A number of at least one, rounded down; None if the text is empty."""
    return positive_integer(text) if text else None


def optional_service_url(text: str) -> str | None:
    """A URL of host and path without a trailing slash; None if the text is empty."""
    try:
        return parse_service_url(text) if text else None
    except SettingsError:
        raise ValueError("a URL without key or query, such as https://host or http://host:port") from None


def optional_storage_url(text: str) -> str | None:
    """The URL of an object storage; None if the text is empty."""
    if text and not URL.fullmatch(text):
        raise ValueError("s3://bucket/prefix, gs://bucket/prefix or az://account/container/prefix, without keys")
    return text or None


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
    addresses = _items(text)
    if any("@" not in address or any(char.isspace() for char in address) for address in addresses):
        raise ValueError("email addresses separated by commas, such as a@example.com, b@example.com")
    return addresses


def host_names(text: str) -> tuple[str, ...]:
    """Names of hosts without port, in lower case; `*.example.com` stands for all names below one."""
    names = _items(text)
    if not all(_HOST_NAME.fullmatch(name) for name in names):
        raise ValueError("host names separated by commas, such as tally.example.com, *.example.org")
    return tuple(name.lower().strip("[]") for name in names)


def frame_ancestors(text: str) -> tuple[str, ...]:
    """Sources of a Content-Security-Policy: origins, and `'self'` or `'none'`."""
    sources = [source.strip("'") for source in _items(text)]
    is_alone = "none" not in sources or len(sources) == 1
    if not is_alone or not all(each in _FRAME_KEYWORDS or _FRAME_SOURCE.fullmatch(each) for each in sources):
        raise ValueError("none, or self and origins separated by commas, such as self, https://intranet.example.com")
    return tuple(f"'{source}'" if source in _FRAME_KEYWORDS else source for source in sources)


def embed_sites(text: str) -> tuple[str, ...]:
    """As `frame_ancestors`, where `none` and nothing are the same."""
    return tuple(source for source in frame_ancestors(text) if source != "'none'")


def _items(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (part.strip() for part in text.split(","))))
