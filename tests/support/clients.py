"""A client with short timeouts that does not sleep."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from frametally.client.client import VideoInferenceClient
from tests.support.misbehaving import MisbehavingServer

KEY = "rf_S3cret/Key+1"


@pytest.fixture
def other_server() -> Iterator[MisbehavingServer]:
    """Another origin, which must never receive the key."""
    with MisbehavingServer() as server:
        yield server


@pytest.fixture
def waits_s() -> list[float]:
    """The waits, in seconds, that the client would have slept."""
    return []


@pytest.fixture
def client(server: MisbehavingServer, waits_s: list[float]) -> VideoInferenceClient:
    return make_client(server.url, waits_s)


def make_client(
    url: str, waits_s: list[float] | None = None, *, read_timeout_s: float = 0.3, call_limit_s: float = 40.0
) -> VideoInferenceClient:
    waited = [] if waits_s is None else waits_s
    return VideoInferenceClient(
        url,
        KEY,
        connect_timeout_s=2.0,
        read_timeout_s=read_timeout_s,
        transfer_timeout_s=0.5,
        call_limit_s=call_limit_s,
        max_results_bytes=1 << 20,
        sleep=waited.append,
    )
