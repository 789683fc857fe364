"""The base URL of a service."""

from __future__ import annotations

import pytest

from frametally.errors import SettingsError
from frametally.network.urls import parse_service_url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://api.roboflow.com", "https://api.roboflow.com"),
        (" http://127.0.0.1:9001/ ", "http://127.0.0.1:9001"),
        ("http://[::1]:9001", "http://[::1]:9001"),
        ("http://[fd00::1]/api/", "http://[fd00::1]/api"),
        ("HTTPS://Host/Path", "https://host/Path"),
    ],
)
def test_a_service_url_is_reduced_to_host_and_path(text: str, url: str) -> None:
    assert parse_service_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        *("", "host", "//host", "ftp://host", "file:///etc/passwd", "https://", "http://[::1", "http://host:99999"),
        *("http://host:port", "https://host/?a=1", "https://host/#a", "https://user@host", "https://:pw@host"),
    ],
)
def test_an_invalid_service_url_is_an_error(text: str) -> None:
    with pytest.raises(SettingsError):
        parse_service_url(text)
