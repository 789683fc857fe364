"""The registry of clients: key ids are fingerprints, and keys stay in memory."""

from __future__ import annotations

from frametally.client.client import VideoInferenceClient
from frametally.client.registry import ClientRegistry
from frametally.job import EMBEDDED, RunRequest
from tests.support.clients import KEY, make_client

URL = "https://api.example.com"


def make_registry(secret: str = "secret", engine_id: str = "") -> ClientRegistry:
    return ClientRegistry(secret, lambda: make_client("http://embedded"), engine_id=engine_id)


def test_key_id_depends_on_service_key_and_secret_and_does_not_contain_the_key() -> None:
    registry = make_registry()
    key_id = registry.remember(URL, KEY)
    assert registry.remember(URL, KEY) == key_id
    others = {
        registry.remember(f"{URL}/v2", KEY),
        registry.remember(URL, "other"),
        make_registry("x").remember(URL, KEY),
    }
    assert len({key_id, *others}) == 4
    assert KEY not in key_id


def test_client_is_found_by_service_and_key_id() -> None:
    registry = make_registry()
    key_id = registry.remember(URL, KEY)
    client = registry.client(URL, key_id)
    assert isinstance(client, VideoInferenceClient)
    assert client.api_url == URL
    assert registry.client(URL, "unknown") is None
    assert make_registry().client(URL, key_id) is None
    assert registry.known() == [(EMBEDDED, ""), (URL, key_id)]


def test_embedded_engine_needs_no_key() -> None:
    client = make_registry().client(EMBEDDED, "")
    assert client is not None
    assert client.api_url == "http://embedded"


def test_jobs_of_the_embedded_engine_stay_with_the_dashboard_that_has_it() -> None:
    """Those of an earlier version, which have no key id, are taken by each."""
    first, second = (make_registry(engine_id=engine_id) for engine_id in ("one", "other"))
    request = first.placed(RunRequest(service=EMBEDDED, key_id="", models=()))
    assert (EMBEDDED, request.key_id) in first.known()
    assert (EMBEDDED, request.key_id) not in second.known()
    assert first.client(EMBEDDED, request.key_id) is not None
    assert second.client(EMBEDDED, request.key_id) is None
    assert second.canceller(EMBEDDED, request.key_id) is not None
    assert second.canceller(URL, request.key_id) is None
    assert (EMBEDDED, "") in second.known()
    assert make_registry().canceller(EMBEDDED, request.key_id) is None
    elsewhere = RunRequest(service=URL, key_id="a", models=())
    assert first.placed(elsewhere) == elsewhere
