"""A data folder to back up, an empty one, and a backup."""

from __future__ import annotations

import shutil
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


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a data folder `old`, and a backup of it with results and secrets."""
    folder = tmp_path_factory.mktemp("made")
    with filled(settings_in(folder / "old")):
        back_up(settings_in(folder / "old"), folder / "backup.zip", parts=("secrets",), made_at=START)
    return folder


@pytest.fixture
def backup(tmp_path: Path, made_once: Path) -> Path:
    """A backup with results and secrets, of the folder `old`."""
    shutil.copytree(made_once, tmp_path, dirs_exist_ok=True)
    return tmp_path / "backup.zip"
