"""A deployment that can be killed and restarted, on SQLite and on a real PostgreSQL, also with object storage."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from frametally.storage import cached_files
from tests.support.crash_dashboard import KillableDeployment
from tests.support.crash_life import Life
from tests.support.crash_service import LoggingService
from tests.support.object_storage import BUCKET, ObjectStorage, object_storage
from tests.support.ports import reserved_port
from tests.support.short_documents import document, entry

CAR = {"x": 10, "y": 20, "width": 4, "height": 6, "confidence": 0.9, "class": "car", "class_id": 0}
RESULTS = json.dumps(document(*[entry(CAR), entry(CAR, CAR)] * 10)).encode()


@pytest.fixture(scope="module")
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as running:
        yield running


@pytest.fixture
def begin(tmp_path: Path, ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Life]]:
    """Open a deployment that uses a hosted service, or the embedded engine if `hosted=False`."""
    monkeypatch.setattr(cached_files, "_CACHES", {})
    (tmp_path / "ahead_s").write_text("0")
    ports = ExitStack()
    lives: list[Life] = []
    services: list[LoggingService] = []

    def opened(*, hosted: bool = True, storage: ObjectStorage | None = None) -> Life:
        port = ports.enter_context(reserved_port())
        plain = KillableDeployment(folder=tmp_path, database_url=ledger_url, service_url=None, port=port)
        if storage:
            plain = replace(plain, storage_url=f"s3://{BUCKET}/{tmp_path.name}", storage_keys=storage.keys)
        service = LoggingService(RESULTS, plain.now) if hosted else None
        if service:
            services.append(service.__enter__())
        lives.append(Life(replace(plain, service_url=service.url if service else None), service))
        return lives[-1]

    yield opened
    for life in lives:
        life.close()
    for service in services:
        service.__exit__(None, None, None)
    ports.close()
