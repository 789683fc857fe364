"""What is wrong with the data folder is said at start, with what to do; nothing in it is harmed."""

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
from frametally.health.checks import health_warnings, refuse_unusable
from frametally.health.link_secret import OTHER_SECRET, other_secret
from frametally.storage.locks import lock_exclusive
from frametally.storage.space import LOW_DISK_BYTES
from tests.support.ledgers import a_job, open_ledger


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.read({"FRAMETALLY_DATA_DIR": str(tmp_path / "data")})


def whats(settings: Settings) -> list[str]:
    return [concern.what for concern in health_warnings(settings)]


def test_a_good_folder_needs_no_word(settings: Settings) -> None:
    deployment = open_deployment(settings, lambda: "http://127.0.0.1")
    deployment.ledger.close()
    assert [what for what in whats(settings) if "nearly full" not in what] == []
    refuse_unusable(settings)
    assert not list(settings.data_dir.glob(".trial*"))


def test_a_file_in_place_of_the_folder_is_named(settings: Settings) -> None:
    settings.data_dir.touch()
    with pytest.raises(SettingsError, match=r"The data folder is a file. Check FRAMETALLY_DATA_DIR"):
        refuse_unusable(settings)


def test_a_folder_that_cannot_be_written_to_is_named() -> None:
    folder = Path("/sys/kernel")
    if not folder.is_dir():
        pytest.skip("there is no folder here that nobody can write to")
    settings = Settings.read({"FRAMETALLY_DATA_DIR": str(folder)})
    with pytest.raises(SettingsError, match=r"cannot be used: .* FRAMETALLY_DATA_DIR"):
        refuse_unusable(settings)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else for a while")
def test_a_secret_of_another_user_is_named_and_not_replaced(settings: Settings) -> None:
    secret = read_or_make_secret(settings.link_secret_file)
    system_folders = Path(tempfile.gettempdir()).parents
    for folder in (settings.data_dir, *settings.data_dir.parents):
        if folder != Path(tempfile.gettempdir()) and folder not in system_folders:
            folder.chmod(0o777)
    os.seteuid(65534)
    try:
        with pytest.raises(SettingsError, match="file secret of the data folder belongs to another user"):
            refuse_unusable(settings)
    finally:
        os.seteuid(0)
    assert settings.link_secret_file.read_text() == secret


@pytest.mark.parametrize("damage", ["no database", "a hole", "cut short"])
def test_a_damaged_ledger_is_named_and_left_as_it_is(settings: Settings, damage: str) -> None:
    with open_ledger(settings.database_url) as ledger:
        for number in range(200):
            ledger.add(a_job(f"j{number}"))
    path = settings.data_dir / "frametally.db"
    content = bytearray(path.read_bytes())
    if damage == "no database":
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


def test_a_ledger_that_somebody_writes_to_is_not_called_damaged(settings: Settings) -> None:
    with open_ledger(settings.database_url):
        ledger = settings.data_dir / "frametally.db"
        with closing(sqlite3.connect(ledger, isolation_level=None)) as busy:
            busy.execute("BEGIN IMMEDIATE")
            refuse_unusable(settings)


def test_a_restore_that_was_cut_short_keeps_everything_from_starting(settings: Settings) -> None:
    (settings.data_dir / ".restore").mkdir(parents=True)
    assert any("before it changed anything" in what for what in whats(settings))
    refuse_unusable(settings)
    (settings.data_dir / ".restore" / "ready").touch()
    with pytest.raises(SettingsError, match=r"cut short. Run it again: frametally restore"):
        refuse_unusable(settings)


def test_nothing_starts_while_a_backup_is_restored(settings: Settings) -> None:
    with lock_exclusive(settings.data_dir), pytest.raises(SettingsError, match="being restored"):
        open_deployment(settings, lambda: "http://127.0.0.1")


def test_a_secret_that_others_may_read_is_named(settings: Settings) -> None:
    read_or_make_secret(settings.engine_key_file)
    settings.engine_key_file.chmod(0o640)
    assert any("may read the file engine/key" in what for what in whats(settings))


def test_two_processes_with_two_secrets_on_one_ledger_are_found_out(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = open_deployment(settings, lambda: "http://127.0.0.1")
    assert other_secret(first.ledger, first.link_secret) == []
    elsewhere = replace(settings, data_dir=tmp_path / "elsewhere")
    second = open_deployment(elsewhere, lambda: "http://127.0.0.1")
    assert "another link secret before" in caplog.text
    assert other_secret(second.ledger, second.link_secret) == []
    assert other_secret(first.ledger, first.link_secret) == [OTHER_SECRET]
    assert not any(first.link_secret in path.read_text(errors="ignore") for path in tmp_path.rglob("*.db*"))
    for deployment in (first, second):
        deployment.ledger.close()


def test_a_disk_that_is_nearly_full_is_named_with_what_is_left(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.data_dir.mkdir()
    usage = shutil.disk_usage(settings.data_dir)._replace(free=LOW_DISK_BYTES - (1 << 29))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert whats(settings) == ["The disk of the data folder is nearly full: 1.61 GB are left."]
