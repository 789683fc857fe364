"""Faults of the data folder are reported at start with the next step, and its data is left unchanged."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from frametally.config.generated_secret import read_or_make_secret
from frametally.config.settings import Settings
from frametally.deployment import open_deployment
from frametally.errors import SettingsError
from frametally.health.checks import check_usable, health_warnings
from frametally.health.link_secret import OTHER_SECRET, secret_warnings
from frametally.storage.locks import lock_exclusive
from frametally.storage.space import LOW_DISK_BYTES
from tests.support.ledgers import a_job, open_ledger


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.read({"FRAMETALLY_DATA_DIR": str(tmp_path / "data")})


def warning_texts(settings: Settings) -> list[str]:
    return [warning.what for warning in health_warnings(settings)]


def test_an_intact_folder_has_no_warnings(settings: Settings) -> None:
    deployment = open_deployment(settings, lambda: "http://127.0.0.1")
    deployment.ledger.close()
    assert [what for what in warning_texts(settings) if "nearly full" not in what] == []
    check_usable(settings)
    assert not list(settings.data_dir.glob(".trial*"))


def test_a_file_instead_of_the_data_folder_is_an_error(settings: Settings) -> None:
    settings.data_dir.touch()
    with pytest.raises(SettingsError, match=r"The data folder is a file. Check FRAMETALLY_DATA_DIR"):
        check_usable(settings)


def test_a_read_only_folder_is_an_error() -> None:
    folder = Path("/sys/kernel")
    if not folder.is_dir():
        pytest.skip("this system has no folder that is read-only for root")
    settings = Settings.read({"FRAMETALLY_DATA_DIR": str(folder)})
    with pytest.raises(SettingsError, match=r"cannot be used: .* FRAMETALLY_DATA_DIR"):
        check_usable(settings)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can switch users")
def test_a_secret_of_another_user_is_an_error_and_kept(settings: Settings) -> None:
    secret = read_or_make_secret(settings.link_secret_file)
    system_folders = Path(tempfile.gettempdir()).parents
    for folder in (settings.data_dir, *settings.data_dir.parents):
        if folder != Path(tempfile.gettempdir()) and folder not in system_folders:
            folder.chmod(0o777)
    os.seteuid(65534)
    try:
        with pytest.raises(SettingsError, match="file secret in the data folder belongs to another user"):
            check_usable(settings)
    finally:
        os.seteuid(0)
    assert settings.link_secret_file.read_text() == secret


@pytest.mark.parametrize("damage", ["not a database", "a hole", "truncated"])
def test_a_damaged_ledger_is_an_error_and_left_unchanged(settings: Settings, damage: str) -> None:
    with open_ledger(settings.database_url) as ledger:
        for number in range(200):
            ledger.add(a_job(f"j{number}"))
    path = settings.data_dir / "frametally.db"
    content = bytearray(path.read_bytes())
    if damage == "not a database":
        content = bytearray(b"<html>" * 1000)
    elif damage == "a hole":
        content[8192:32768] = b"\xff" * (32768 - 8192)
    else:
        del content[len(content) // 2 :]
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"job ledger frametally.db is damaged.*restore FILE") as caught:
        open_deployment(settings, lambda: "http://127.0.0.1")
    assert str(settings.data_dir) not in str(caught.value)
    assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(content).digest()


def test_a_ledger_that_is_being_written_does_not_count_as_damaged(settings: Settings) -> None:
    with open_ledger(settings.database_url):
        ledger = settings.data_dir / "frametally.db"
        with closing(sqlite3.connect(ledger, isolation_level=None)) as busy:
            busy.execute("BEGIN IMMEDIATE")
            check_usable(settings)


def test_an_interrupted_restore_prevents_a_start(settings: Settings) -> None:
    (settings.data_dir / ".restore").mkdir(parents=True)
    assert any("before it changed anything" in what for what in warning_texts(settings))
    check_usable(settings)
    (settings.data_dir / ".restore" / "ready").touch()
    with pytest.raises(SettingsError, match=r"interrupted. Run it again: frametally restore"):
        check_usable(settings)


def test_a_running_restore_prevents_a_start(settings: Settings) -> None:
    with lock_exclusive(settings.data_dir), pytest.raises(SettingsError, match="being restored"):
        open_deployment(settings, lambda: "http://127.0.0.1")


def test_a_secret_with_wide_permissions_causes_a_warning(settings: Settings) -> None:
    read_or_make_secret(settings.engine_key_file)
    settings.engine_key_file.chmod(0o640)
    assert any("engine/key is accessible to other users" in what for what in warning_texts(settings))


def test_two_data_folders_on_one_ledger_cause_a_warning(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = open_deployment(settings, lambda: "http://127.0.0.1")
    assert secret_warnings(first.ledger, first.link_secret) == []
    elsewhere = replace(settings, data_dir=tmp_path / "elsewhere")
    second = open_deployment(elsewhere, lambda: "http://127.0.0.1")
    assert "another link secret before" in caplog.text
    assert secret_warnings(second.ledger, second.link_secret) == []
    assert secret_warnings(first.ledger, first.link_secret) == [OTHER_SECRET]
    assert not any(first.link_secret in path.read_text(errors="ignore") for path in tmp_path.rglob("*.db*"))
    for deployment in (first, second):
        deployment.ledger.close()


def test_a_nearly_full_disk_causes_a_warning_with_the_free_space(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.data_dir.mkdir()
    usage = shutil.disk_usage(settings.data_dir)._replace(free=LOW_DISK_BYTES - (1 << 29))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert warning_texts(settings) == ["The disk of the data folder is nearly full: 1.61 GB free."]
