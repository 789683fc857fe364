"""A data folder to back up, an empty one, and a backup."""

from __future__ import annotations

from pathlib import Path

import pytest

from frametally.backup.create import back_up
from frametally.config.settings import Settings
from tests.support.backups import filled, settings_in
from tests.support.ledgers import START


@pytest.fixture
def old(tmp_path: Path) -> Settings:
    return settings_in(tmp_path / "old")


@pytest.fixture
def new(tmp_path: Path) -> Settings:
    return settings_in(tmp_path / "new")


@pytest.fixture
def backup(tmp_path: Path, old: Settings) -> Path:
    """A backup with results and secrets."""
    with filled(old):
        back_up(old, tmp_path / "backup.zip", parts=("secrets",), made_at=START)
    return tmp_path / "backup.zip"
