"""Who has all rights without a sign-in: only a client on this machine, with nothing between."""

from __future__ import annotations

import pytest

from frametally.access.access import Access, open_access
from frametally.access.direct_client import Client
from frametally.access.person import GUEST, OPERATOR
from frametally.access.proxy_headers import ProxyHeaders
from frametally.config.access_mode import AccessMode
from frametally.config.settings import Settings
from frametally.errors import SettingsError
from frametally.ledger.ledger import Ledger

HOST = ("Host", "127.0.0.1:8501")


@pytest.mark.parametrize(
    ("ip", "headers"),
    [
        ("127.0.0.1", [HOST]),
        ("127.8.9.1", [("host", "localhost")]),
        ("::1", [("HOST", "[::1]:8501"), ("Origin", "http://[::1]:8501")]),
        ("::ffff:127.0.0.1", [HOST, ("Origin", "http://tally.localhost:8501"), ("User-Agent", "x")]),
    ],
)
def test_a_client_on_this_machine_has_all_rights(ip: str, headers: list[tuple[str, str]]) -> None:
    assert Access(mode=AccessMode.LOCAL).person(Client.of(ip, headers)) == OPERATOR


@pytest.mark.parametrize(
    ("ip", "headers"),
    [
        ("192.0.2.7", [HOST]),
        ("::ffff:192.0.2.7", [HOST]),
        (None, [HOST]),
        ("testclient", [HOST]),
        ("127.0.0.1", []),
        ("127.0.0.1", [("Host", "tally.example.com")]),
        ("127.0.0.1", [("Host", "localhost.example.com")]),
        ("127.0.0.1", [HOST, ("Host", "tally.example.com")]),
        ("127.0.0.1", [HOST, ("Origin", "https://tally.example.com")]),
        ("127.0.0.1", [HOST, ("Origin", "null")]),
        ("127.0.0.1", [HOST, ("Origin", "http://[::1")]),
        ("127.0.0.1", [HOST, ("X-Forwarded-For", "")]),
        ("127.0.0.1", [HOST, ("x-forwarded-prefix", "/tally")]),
        ("127.0.0.1", [HOST, ("Forwarded", "for=127.0.0.1")]),
        ("127.0.0.1", [HOST, ("Via", "1.1 proxy")]),
        ("127.0.0.1", [HOST, ("X-Real-IP", "127.0.0.1")]),
        ("127.0.0.1", [HOST, ("CF-Connecting-IP", "127.0.0.1")]),
    ],
)
def test_any_other_client_is_a_guest(ip: str | None, headers: list[tuple[str, str]]) -> None:
    assert Access(mode=AccessMode.LOCAL).person(Client.of(ip, headers)) == GUEST
    assert Access(mode=AccessMode.OPEN).person(Client.of(ip, headers)) == OPERATOR


def test_a_proxy_names_people_only_with_its_secret() -> None:
    proxy = ProxyHeaders("0123456789abcdef", "x-forwarded-user")
    secret, user = ("X-Frametally-Proxy-Secret", "0123456789abcdef"), ("X-Forwarded-User", "ann")
    identity = proxy.identity(Client.of("192.0.2.7", [HOST, secret, user]))
    assert identity is not None
    assert (identity.subject, identity.session) == ("ann", "")
    wrong = [("X-Frametally-Proxy-Secret", "wrong"), ("X-Frametally-Proxy-Secret", "é")]
    for headers in ([user], [secret], [secret, user, user], [secret, secret, user], *([each, user] for each in wrong)):
        assert proxy.identity(Client.of("127.0.0.1", [HOST, *headers])) is None


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({"FRAMETALLY_ACCESS": "oidc"}, "FRAMETALLY_OIDC_URL"),
        ({"FRAMETALLY_ACCESS": "proxy"}, "FRAMETALLY_PROXY_SECRET"),
        ({"FRAMETALLY_ACCESS": "proxy", "FRAMETALLY_PROXY_SECRET": "short"}, "fewer than 16"),
    ],
)
def test_an_incomplete_sign_in_is_refused_at_start(settings: dict[str, str], missing: str, ledger: Ledger) -> None:
    with pytest.raises(SettingsError, match=missing):
        open_access(Settings.read(settings), ledger, "secret")
