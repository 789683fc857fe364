"""URLs: secrets are cut from texts, and only http(s) URLs without credentials are accepted."""

from __future__ import annotations

import pytest

from frametally.errors import MediaError, SettingsError
from frametally.network.urls import parse_service_url, parse_video_url, redact_queries, without_query


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("see https://h/p?key=1#x, now", "see https://h/p?… now"),
        ("https://h?key=1", "https://h?…"),
        ("https://h/p#key", "https://h/p#…"),
        ("GET /videoinfer/?api_key=1 HTTP/1.1", "GET /videoinfer/?… HTTP/1.1"),
        ("api_key=1&x=2", "api_key=…"),
        ("https://h/p", "https://h/p"),
        ("what? nothing", "what? nothing"),
    ],
)
def test_queries_are_redacted_in_texts(text: str, redacted: str) -> None:
    assert redact_queries(text) == redacted


@pytest.mark.parametrize(
    ("url", "cut"), [("https://h/v.mp4?sig=1#t", "https://h/v.mp4"), ("", ""), ("http://[bad?x=1", "")]
)
def test_query_is_cut_from_a_url(url: str, cut: str) -> None:
    assert without_query(url) == cut


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "not an http or https URL"),
        ("http://", "not an http or https URL"),
        ("http://[", "not an http or https URL"),
        ("http://host:99999", "not an http or https URL"),
        ("https://user@host/v.mp4", "contains a user name"),
    ],
)
def test_other_video_urls_are_refused(url: str, reason: str) -> None:
    with pytest.raises(MediaError, match=reason):
        parse_video_url(url)


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
