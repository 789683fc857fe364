"""A restore brings back what the backup contains."""

from __future__ import annotations

import dataclasses
import hashlib
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from frametally.backup import restore as restoring
from frametally.backup.create import back_up
from frametally.backup.restore import is_incomplete, restore
from frametally.config.layout import BackupPart
from frametally.config.settings import Settings
from frametally.errors import BackupError, SettingsError
from frametally.library.library import Library
from frametally.rendering.class_colors import ClassColors
from frametally.results import open_results
from frametally.storage.locks import lock_shared
from frametally.video.frame_index import load_index
from tests.support.backups import contents, filled, settings_in
from tests.support.ledgers import START, a_job, open_ledger

EVERYTHING: tuple[BackupPart, ...] = ("secrets", "videos", "models")


def test_a_backup_restores_ledger_results_and_secrets(old: Settings, new: Settings, backup: Path) -> None:
    manifest = restore(new, backup, replace=False)
    assert (manifest.made_at, manifest.parts) == (START, ["secrets"])
    with open_ledger(old.database_url) as before, open_ledger(new.database_url) as after:
        assert after.jobs() == before.jobs()
        assert [job.id for job in after.jobs()] == ["open", "done"]
        assert after.presets.all() == before.presets.all()
    assert len(open_results(new.results_dir / "done").time_s) == 3
    assert new.link_secret_file.read_text() == old.link_secret_file.read_text()
    assert new.engine_key_file.read_text() == old.engine_key_file.read_text()
    assert not (new.data_dir / ".restore").exists()


def test_with_object_storage_it_is_said_what_to_do_instead(tmp_path: Path, old: Settings, backup: Path) -> None:
    stored = dataclasses.replace(old, storage_url=f"file://{tmp_path}/objects")
    with pytest.raises(BackupError, match=r"Back up the database and the bucket.*docs/storage\.md"):
        back_up(stored, tmp_path / "stored.zip", parts=(), made_at=START)
    with pytest.raises(BackupError, match="Restore without FRAMETALLY_STORAGE_URL"):
        restore(stored, backup, replace=True)


def test_class_colors_are_restored(tmp_path: Path, old: Settings, new: Settings) -> None:
    with filled(old):
        colors = ClassColors(old.colors_file).of(["tube", "envelope"])
        back_up(old, tmp_path / "backup.zip", parts=(), made_at=START)
    restore(new, tmp_path / "backup.zip", replace=False)
    assert ClassColors(new.colors_file).of(["bag", "tube", "envelope"]).items() >= colors.items()


def test_backups_and_restored_secrets_have_owner_only_permissions(new: Settings, backup: Path) -> None:
    restore(new, backup, replace=False)
    for path in (backup, new.link_secret_file, new.engine_key_file):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_videos_and_models_are_included_on_request(
    old: Settings, new: Settings, tmp_path: Path, small_video: Path
) -> None:
    sha256 = hashlib.sha256(small_video.read_bytes()).hexdigest()
    with filled(old, small_video):
        load_index(next((old.media_dir / "videos" / sha256).glob("video.*")))  # cached beside the video
        manifest = back_up(old, tmp_path / "all.zip", parts=EVERYTHING, made_at=START)
    assert any(name.startswith("media/videos/") for name in manifest.files)
    restore(new, tmp_path / "all.zip", replace=False)
    video = Library(new.media_dir, max_video_bytes=1 << 30).get(sha256)
    assert video is not None
    assert video.path.read_bytes() == small_video.read_bytes()
    assert (new.models_dir / "cars/2/model.onnx").read_bytes() == b"weights"


@pytest.mark.parametrize("way", ["into", "out of"])
def test_a_ledger_can_move_between_sqlite_and_postgresql(
    way: str, tmp_path: Path, new_postgresql_database: Callable[[], str]
) -> None:
    urls = [None, new_postgresql_database()]
    source, target = urls if way == "into" else urls[::-1]
    old, new = settings_in(tmp_path / "old", source), settings_in(tmp_path / "new", target)
    with filled(old) as ledger:
        before = ledger.jobs()
        back_up(old, tmp_path / "backup.zip", parts=("secrets",), made_at=START)
    restore(new, tmp_path / "backup.zip", replace=False)
    with open_ledger(new.database_url) as ledger:
        assert ledger.jobs() == before
        assert [preset.name for preset in ledger.presets.all()] == ["Dock"]


def test_a_postgresql_ledger_is_replaced_completely(tmp_path: Path, new_postgresql_database: Callable[[], str]) -> None:
    settings = settings_in(tmp_path / "data", new_postgresql_database())
    with filled(settings) as ledger:
        back_up(settings, tmp_path / "backup.zip", parts=(), made_at=START)
        ledger.add(a_job("later"))
    with pytest.raises(BackupError, match="--replace"):
        restore(settings, tmp_path / "backup.zip", replace=False)
    restore(settings, tmp_path / "backup.zip", replace=True)
    with open_ledger(settings.database_url) as ledger:
        assert [job.id for job in ledger.jobs()] == ["open", "done"]


def test_existing_data_is_replaced_only_with_replace(new: Settings, backup: Path, small_video: Path) -> None:
    with open_ledger(new.database_url) as ledger:
        ledger.add(a_job("other"))
    Library(new.media_dir, max_video_bytes=1 << 30).add(small_video, actor=None)
    before = contents(new.data_dir)
    with pytest.raises(BackupError, match="--replace"):
        restore(new, backup, replace=False)
    assert contents(new.data_dir) == before
    restore(new, backup, replace=True)
    with open_ledger(new.database_url) as ledger:
        assert [job.id for job in ledger.jobs()] == ["open", "done"]
    assert any(name.startswith("media/videos/") for name in contents(new.data_dir))


def test_the_write_ahead_log_of_the_old_ledger_is_removed(new: Settings, backup: Path) -> None:
    with open_ledger(new.database_url) as ledger:
        ledger.add(a_job("other"))
        crashed = {path.name: path.read_bytes() for path in new.data_dir.glob("frametally.db*")}
    for name, content in crashed.items():
        (new.data_dir / name).write_bytes(content)
    restore(new, backup, replace=True)
    with open_ledger(new.database_url) as ledger:
        assert [job.id for job in ledger.jobs()] == ["open", "done"]


def test_a_running_dashboard_prevents_a_restore(new: Settings, backup: Path) -> None:
    running = lock_shared(new.data_dir)
    with pytest.raises(SettingsError, match="Stop it"):
        restore(new, backup, replace=True)
    running.close()
    restore(new, backup, replace=True)


@pytest.mark.parametrize("moves", [0, 1, 2])
def test_an_interrupted_restore_is_completed_by_the_next_one(
    new: Settings, backup: Path, monkeypatch: pytest.MonkeyPatch, moves: int
) -> None:
    swap, left = restoring._swap, iter(range(moves))

    def cut_short(*paths: Path) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        swap(*paths)

    with open_ledger(new.database_url) as ledger:
        ledger.add(a_job("other"))
    with monkeypatch.context() as patch:
        patch.setattr(restoring, "_swap", cut_short)
        with pytest.raises(KeyboardInterrupt):
            restore(new, backup, replace=True)
    assert is_incomplete(new.data_dir)
    restore(new, backup, replace=True)
    assert not is_incomplete(new.data_dir)
    with open_ledger(new.database_url) as ledger:
        assert [job.id for job in ledger.jobs()] == ["open", "done"]
    assert len(open_results(new.results_dir / "done").time_s) == 3
