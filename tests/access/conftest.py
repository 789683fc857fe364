"""A deployment for the tests of permissions."""

from __future__ import annotations

from pathlib import Path

import pytest

from frametally.config.settings import Settings
from frametally.deployment import Deployment, open_deployment


@pytest.fixture(scope="module")
def open_world(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Deployment:
    folder = tmp_path_factory.mktemp("world")
    database = folder / "frametally.db"
    database.write_bytes(migrated_sqlite.read_bytes())
    settings = Settings.read({"FRAMETALLY_DATA_DIR": str(folder)})
    return open_deployment(settings, lambda: "http://127.0.0.1:9")
