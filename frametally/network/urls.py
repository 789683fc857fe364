"""URLs: parsing, comparing, and hiding the parts that may contain a secret."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from frametally.errors import MediaError, SettingsError
from frametally.network.url_encoding import encode_host, encode_url

_QUERY: Final = re.compile(r"(/[^\s?#\"']*[?#]|api_key=)[^\s\"'<>)]+")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def parse_service_url(text: str) -> str:
    """The base URL of a service, without a trailing slash, query or credentials.

    Raises:
        SettingsError: not an http(s) URL, or one with more than host, port and path.
    """
    try:
        parts = urlsplit(text.strip())
        port = f":{parts.port}" if parts.port else ""
        host = encode_host(parts.hostname or "-")
    except ValueError:
        parts, port, host = urlsplit(""), "", ""
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise SettingsError("The service URL is not valid.", "Enter a valid URL, e.g. https://host:port.")
    if parts.query or parts.fragment or parts.username or parts.password:
        raise SettingsError("The service URL has a query or credentials.", "Leave out the key; it has its own field.")
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"


def parse_video_url(url: str) -> SplitResult:
    """The parts of the URL of a video, encoded as a browser sends it (see `url_encoding.py`).

    Raises:
        MediaError: not an http(s) URL, or one with credentials.
    """
    try:
        parts = split_url(encode_url(url))
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise MediaError("The video URL is not an http or https URL.", "Enter it as https://host/video.mp4.")
    if parts.username is not None:
        raise MediaError("The video URL contains a user name.", "Enter a URL that opens without it.")
    return parts


def video_name_of(url: str) -> str:
    """The file name in the URL of a video, decoded for display: `café.mp4`."""
    return unquote(split_url(url).path.rpartition("/")[2]) or "video"


def split_url(url: str, base: str = "") -> SplitResult:
    """The parts of a URL, resolved against a base; all empty if it cannot be parsed."""
    try:
        parts = urlsplit(urljoin(base, url))
        _ = parts.port
    except ValueError:
        return urlsplit("")
    return parts


def port_of(parts: SplitResult) -> int:
    """The port, or the default one of the scheme."""
    return parts.port or _DEFAULT_PORTS.get(parts.scheme, 80)


def request_target(parts: SplitResult) -> str:
    """Path and query, as in the request line of HTTP."""
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def is_same_service(origin: SplitResult, target: SplitResult) -> bool:
    """Whether host, scheme and port are the same, or the host is and `origin` is http, `target` https, on any port."""
    if origin.hostname != target.hostname:
        return False
    if (origin.scheme, target.scheme) == ("http", "https"):
        return True
    return origin.scheme == target.scheme and port_of(origin) == port_of(target)


def without_query(url: str) -> str:
    """The URL without query and fragment, which may authorize access to it."""
    return split_url(url)._replace(query="", fragment="").geturl()


def redact_queries(text: str) -> str:
    """The text with the query or fragment of each URL or path replaced by `…`."""
    return _QUERY.sub(r"\1…", text)
