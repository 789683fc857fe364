"""The address of a service: a host and a path, and nothing that could be a secret."""

from __future__ import annotations

from urllib.parse import urlsplit

from frametally.errors import SettingsError


def parse_service_url(text: str) -> str:
    """The base URL of a service, without a trailing slash, query or credentials.

    Raises:
        SettingsError: not an http(s) URL, or one that carries more than a host and a path.
    """
    try:
        parts = urlsplit(text.strip())
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        parts, port = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError("The service URL is not one.", "Give it as https://host or http://host:port.")
    if parts.query or parts.fragment or parts.username or parts.password:
        raise SettingsError("The service URL carries more than a host.", "Leave out the key; it has its own field.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"
