"""`frametally engine` has the doors of the dashboard, asked over a socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from frametally.cli.engine import make_app
from frametally.config.settings import Settings
from frametally.network.doors.secrets import same_secret
from tests.support.serving import answering

KEY = "the-key-of-the-engine"
PROXIED = {"X-Forwarded-For": "192.0.2.9"}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("engine")
    settings = Settings.read({"FRAMETALLY_DATA_DIR": str(folder), "FRAMETALLY_ENGINE_KEY": KEY})
    with answering(make_app(settings, host="127.0.0.1"), lifespan=False) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/models", 401),
        ("GET", f"/models?api_key={KEY}", 200),
        ("GET", "/nothing", 404),
        ("PATCH", "/models", 405),
    ],
)
def test_every_response_has_the_headers(url: str, method: str, path: str, status: int) -> None:
    answer = requests.request(method, url + path, timeout=10)
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_another_host_name_is_refused(url: str) -> None:
    refused = requests.get(f"{url}/models?api_key={KEY}", headers={"Host": "attack.example.com"}, timeout=10)
    assert refused.status_code == 403


def test_guesses_of_the_key_are_limited_and_a_client_on_this_machine_is_not(url: str) -> None:
    with requests.Session() as session:
        guesses = (session.post(f"{url}/?api_key=guess", headers=PROXIED, timeout=10).status_code for _ in range(2000))
        assert next(status for status in guesses if status != 401) == 429
        assert session.post(f"{url}/?api_key={KEY}", json={}, timeout=10).status_code == 200


@pytest.mark.parametrize(("given", "expected"), [("", ""), ("a", ""), ("", "a"), ("a", "b"), ("ü", "u")])
def test_a_key_that_differs_or_is_empty_opens_nothing(given: str, expected: str) -> None:
    assert not same_secret(given, expected)
    assert same_secret("ü", "ü")


def test_secrets_are_compared_in_one_place() -> None:
    root = Path(__file__).parents[2] / "frametally"
    places = [path.relative_to(root).as_posix() for path in root.rglob("*.py") if "compare_digest" in path.read_text()]
    assert places == ["network/doors/secrets.py"]
