"""A deployment that can be killed and restarted, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.crash_dashboard import KillableDeployment
from tests.support.crash_life import Life
from tests.support.crash_service import LoggingService
from tests.support.ports import reserved_port
from tests.support.short_documents import document, entry

CAR = {"x": 10, "y": 20, "width": 4, "height": 6, "confidence": 0.9, "class": "car", "class_id": 0}
RESULTS = json.dumps(document(*[entry(CAR), entry(CAR, CAR)] * 10)).encode()


@pytest.fixture
def begin(tmp_path: Path, ledger_url: str) -> Iterator[Callable[..., Life]]:
    """Open a deployment that uses a hosted service, or the embedded engine if `hosted=False`."""
    (tmp_path / "ahead_s").write_text("0")
    ports = ExitStack()
    lives: list[Life] = []
    services: list[LoggingService] = []

    def opened(*, hosted: bool = True) -> Life:
        port = ports.enter_context(reserved_port())
        plain = KillableDeployment(folder=tmp_path, database_url=ledger_url, service_url=None, port=port)
        service = LoggingService(RESULTS, plain.now) if hosted else None
        if service:
            services.append(service.__enter__())
        url = service.url if service else None
        deployment = KillableDeployment(folder=tmp_path, database_url=ledger_url, service_url=url, port=port)
        lives.append(Life(deployment, service))
        return lives[-1]

    yield opened
    for life in lives:
        life.close()
    for service in services:
        service.__exit__(None, None, None)
    ports.close()
