"""A damaged or malicious backup changes nothing."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from frametally.backup.contents import MANIFEST
from frametally.backup.restore import restore
from frametally.config.settings import Settings
from frametally.errors import BackupError, SettingsError
from tests.support.backups import contents
from tests.support.ledgers import a_job, open_ledger


def repacked(source: Path, change: Callable[[dict[str, Any], dict[str, bytes]], None]) -> Path:
    """A copy of the backup with a modified manifest or modified files."""
    with zipfile.ZipFile(source) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    manifest = json.loads(files.pop(MANIFEST))
    change(manifest, files)
    target = source.with_name("changed.zip")
    with zipfile.ZipFile(target, "w") as packed:
        for name, content in {**files, MANIFEST: json.dumps(manifest).encode()}.items():
            packed.writestr(name, content)
    return target


def entry_for(content: bytes) -> dict[str, Any]:
    return {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


@pytest.mark.parametrize("at", [0.0, 0.3, 0.6, 0.9, 1.0])
def test_a_damaged_backup_changes_nothing(new: Settings, backup: Path, at: float) -> None:
    with open_ledger(new.database_url) as ledger:
        ledger.add(a_job("mine"))
    before = contents(new.data_dir)
    whole = bytearray(backup.read_bytes())
    position = min(int(len(whole) * at), len(whole) - 30)
    whole[position : position + 30] = bytes(byte ^ 0xFF for byte in whole[position : position + 30])
    backup.write_bytes(whole)
    with pytest.raises(BackupError):
        restore(new, backup, replace=True)
    assert contents(new.data_dir) == before


def test_a_truncated_backup_is_an_error(new: Settings, backup: Path) -> None:
    os.truncate(backup, backup.stat().st_size // 2)
    with pytest.raises(BackupError, match="not a complete backup"):
        restore(new, backup, replace=True)
    assert contents(new.data_dir) == {}


@pytest.mark.parametrize(
    "name",
    [
        *("../outside", "results/../../outside", "/etc/outside", "results/done/../../../outside", "results/done/.."),
        *(
            "results\\..\\outside",
            "frametally.db",
            ".restore/ready",
            "media/uploads/x/data",
            "engine/jobs/x",
            "models/x",
        ),
        *("results/done/a\x00b", "results//done", "media/videos/" + "0" * 64 + "/video.mp4"),
    ],
)
def test_a_path_outside_of_the_layout_is_an_error(new: Settings, backup: Path, tmp_path: Path, name: str) -> None:
    def change(manifest: dict[str, Any], files: dict[str, bytes]) -> None:
        files["x"] = b"x"
        manifest["files"][name] = entry_for(b"x")

    with pytest.raises(BackupError, match="unexpected contents"):
        restore(new, repacked(backup, change), replace=True)
    assert contents(new.data_dir) == {}
    assert not list(tmp_path.rglob("outside"))


def test_a_file_longer_than_in_the_manifest_is_an_error(new: Settings, backup: Path) -> None:
    def change(manifest: dict[str, Any], files: dict[str, bytes]) -> None:
        files["secret"] = b"0" * (64 << 20)

    with pytest.raises(BackupError, match="damaged at secret"):
        restore(new, repacked(backup, change), replace=True)
    assert contents(new.data_dir) == {}


def test_a_symbolic_link_in_a_backup_becomes_a_file(new: Settings, backup: Path, tmp_path: Path) -> None:
    (tmp_path / "private").write_text("private")
    target = str(tmp_path / "private").encode()
    changed = backup.with_name("link.zip")
    with zipfile.ZipFile(backup) as packed, zipfile.ZipFile(changed, "w") as linked:
        manifest = json.loads(packed.read(MANIFEST))
        for name in packed.namelist():
            if name not in (MANIFEST, "secret"):
                linked.writestr(name, packed.read(name))
        link = zipfile.ZipInfo("secret")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        linked.writestr(link, target)
        manifest["files"]["secret"] = entry_for(target)
        linked.writestr(MANIFEST, json.dumps(manifest))
    restore(new, changed, replace=False)
    assert not new.link_secret_file.is_symlink()
    assert new.link_secret_file.read_bytes() == target


def test_a_backup_without_a_valid_ledger_is_an_error(new: Settings, backup: Path) -> None:
    def without(manifest: dict[str, Any], files: dict[str, bytes]) -> None:
        del manifest["files"]["ledger.db"]

    def with_text(manifest: dict[str, Any], files: dict[str, bytes]) -> None:
        files["ledger.db"] = b"no database" * 1000
        manifest["files"]["ledger.db"] = entry_for(files["ledger.db"])

    for change in (without, with_text):
        with pytest.raises(BackupError):
            restore(new, repacked(backup, change), replace=True)
    assert contents(new.data_dir) == {}


def test_a_backup_of_a_newer_version_is_an_error(new: Settings, backup: Path) -> None:
    def newer_schema(manifest: dict[str, Any], files: dict[str, bytes]) -> None:
        manifest["schema"] = "9999"

    def newer_format(manifest: dict[str, Any], files: dict[str, bytes]) -> None:
        manifest["format"] = 2

    with pytest.raises(SettingsError, match="newer version: its schema is 9999"):
        restore(new, repacked(backup, newer_schema), replace=True)
    with pytest.raises(BackupError, match="newer version"):
        restore(new, repacked(backup, newer_format), replace=True)
    assert contents(new.data_dir) == {}
