"""URLs as a browser sends them: IDNA for the host, percent-encoded UTF-8 elsewhere (https://url.spec.whatwg.org).

Escapes that are there stay exactly as they are: a signature may cover `%c3%a9` and not `%C3%A9`.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, unquote, urlsplit

import idna

_PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F)))
_PATH_SAFE: Final = "".join(character for character in _PRINTABLE if character not in '"#<>?^`{}')
_QUERY_SAFE: Final = "".join(character for character in _PRINTABLE if character not in "\"#<>'")
_HEAD: Final = re.compile(r"[^?#]*")
"""Scheme, host and path, in which browsers read a backslash as a slash."""
_ASCII_HOST: Final = re.compile(r"[a-z0-9._-]+")


def encode_url(text: str) -> str:
    """The URL in ASCII, as a browser sends it, without its fragment; a URL without a host stays as it is.

    Raises:
        ValueError: it cannot be parsed, or its host is not a valid name.
    """
    parts = urlsplit(_HEAD.sub(lambda head: head[0].replace("\\", "/"), text.strip(), count=1))
    if not parts.hostname:
        return text
    user, at, _ = parts.netloc.rpartition("@")
    port = "" if parts.port is None else f":{parts.port}"
    return parts._replace(
        netloc=f"{quote(user, safe=_PATH_SAFE)}{at}{encode_host(parts.hostname)}{port}",
        path=quote(parts.path, safe=_PATH_SAFE, errors="replace"),
        query=quote(parts.query, safe=_QUERY_SAFE, errors="replace"),
        fragment="",
    ).geturl()


def encode_host(host: str) -> str:
    """A host name in ASCII, by UTS #46 and IDNA; an IPv6 address gets its brackets.

    Raises:
        ValueError: it is not a valid name.
    """
    if ":" in host:
        return f"[{host}]"
    name = unquote(host)
    ascii_name = (name if name.isascii() else _to_ascii(name)).lower()
    if not _ASCII_HOST.fullmatch(ascii_name):
        raise ValueError("The host is not a valid name.")
    return ascii_name


def decode_location(header: str) -> str:
    """A `Location` header as text. Servers send it in UTF-8, and `http.client` decodes it as Latin-1.

    Bytes that are not UTF-8 are percent-encoded.
    """
    try:
        raw = header.encode("latin-1")
    except UnicodeEncodeError:  # decoded as UTF-8 already
        return header
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return quote(raw, safe=_PRINTABLE)


def _to_ascii(name: str) -> str:
    try:
        return idna.encode(name, uts46=True).decode()
    except idna.IDNAError:  # browsers accept symbols such as ☃ as well, which only IDNA 2003 allows
        return name.encode("idna").decode()
