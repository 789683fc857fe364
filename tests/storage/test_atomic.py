"""Atomic writes: concurrent readers, failed writes, existing targets, abandoned temporary files."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec
import pytest

from frametally.storage import space
from frametally.storage.atomic import (
    PendingFile,
    atomic_path,
    is_abandoned,
    publish,
    read_json,
    write_bytes,
    write_json,
)
from frametally.storage.space import DiskFull


class Message(msgspec.Struct):
    text: str


class Interrupted(Exception):
    pass


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write_half(target: Path) -> None:
    with atomic_path(target) as draft:
        draft.write_text("half")
        raise Interrupted


def test_target_appears_when_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "results.json"
    target.write_text("old")
    with atomic_path(target) as draft:
        draft.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert names_in(tmp_path) == ["results.json"]


def test_a_failed_write_keeps_the_old_content_and_leaves_no_file(tmp_path: Path) -> None:
    target = tmp_path / "results.json"
    target.write_text("old")
    with pytest.raises(Interrupted):
        write_half(target)
    assert target.read_text() == "old"
    assert names_in(tmp_path) == ["results.json"]


@pytest.mark.parametrize("links", [True, False])
def test_without_replace_an_existing_target_is_kept(
    tmp_path: Path, links: bool, request: pytest.FixtureRequest
) -> None:
    if not links:
        request.getfixturevalue("no_hard_links")
    target = tmp_path / "backup.zip"
    with atomic_path(target, replace=False) as draft:
        draft.write_text("first")
    with pytest.raises(FileExistsError), atomic_path(target, replace=False) as draft:
        draft.write_text("second")
    assert target.read_text() == "first"
    assert names_in(tmp_path) == ["backup.zip"]


def test_content_is_synced_before_the_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = []
    fsync, replace = os.fsync, os.replace

    def recorded_fsync(handle: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def recorded_replace(source: Path, target: Path) -> None:
        steps.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", recorded_fsync)
    monkeypatch.setattr(os, "replace", recorded_replace)
    write_bytes(tmp_path / "secret", b"x")
    assert steps == ["file", "rename", "folder"]
    write_bytes(tmp_path / "progress", b"x", sync=False)
    assert steps[3:] == ["rename"]
    (tmp_path / "draft").write_text("x")
    publish(tmp_path / "draft", tmp_path / "published")
    assert steps[4:] == ["file", "rename", "folder"]


def test_permissions_hold_from_the_first_byte(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "secret", mode=0o600) as draft:
        assert stat.S_IMODE(draft.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_a_temporary_file_is_abandoned_only_without_a_writer(tmp_path: Path) -> None:
    pending = PendingFile(tmp_path / "video.mp4")
    assert not is_abandoned(pending.path)
    pending.discard()
    assert not is_abandoned(pending.path)
    pending.path.touch()
    assert is_abandoned(pending.path)


def test_a_committed_file_is_not_discarded(tmp_path: Path) -> None:
    pending = PendingFile(tmp_path / "upload")
    pending.write(b"one ")
    pending.write(bytearray(b"two"))
    pending.commit()
    pending.discard()
    assert (tmp_path / "upload").read_bytes() == b"one two"


def test_incoming_data_leaves_the_reserve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pending = PendingFile(tmp_path / "upload")
    monkeypatch.setattr(space, "DISK_RESERVE_BYTES", 2**61)
    with pytest.raises(DiskFull):
        pending.write(b"x")
    pending.discard()
    assert names_in(tmp_path) == []


def test_json_round_trips_and_damaged_or_missing_files_are_none(tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    assert read_json(path, Message) is None
    write_json(path, Message("é"))
    assert read_json(path, Message) == Message("é")
    for damaged in (b"", b'{"text": 1}', b'{"text": "\xff"}'):
        path.write_bytes(damaged)
        assert read_json(path, Message) is None
