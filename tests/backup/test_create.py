"""Backups are complete and consistent, also while jobs end."""

from __future__ import annotations

import json
import threading
import zipfile
from contextlib import closing, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from frametally.backup.create import back_up, sizes
from frametally.backup.restore import read_backup_manifest, restore
from frametally.config.settings import Settings
from frametally.errors import BackupError
from frametally.job import JobStatus
from frametally.ledger.ledger import Ledger
from frametally.results import archive_results, open_results
from frametally.storage.derived import derived_path
from tests.support.backups import filled, finish_job, settings_in
from tests.support.ledgers import START, a_job, open_ledger
from tests.support.short_documents import document, entry


def test_a_backup_leaves_out_derived_files(tmp_path: Path, old: Settings) -> None:
    with filled(old):
        before = sizes(old)
        derived = derived_path(old.results_dir / "done", "video", {}, "mp4")
        derived.parent.mkdir()
        derived.write_bytes(bytes(1000))
        assert sizes(old)["results"] == before["results"]
        manifest = back_up(old, tmp_path / "backup.zip", parts=(), made_at=START)
    assert any(name.startswith("results/done/") for name in manifest.files)
    assert not any("derived" in name for name in manifest.files)


def test_a_backup_without_secrets_contains_none(old: Settings, tmp_path: Path) -> None:
    with filled(old):
        back_up(old, tmp_path / "shared.zip", parts=(), made_at=START)
    with zipfile.ZipFile(tmp_path / "shared.zip") as packed:
        assert not {"secret", "engine/key"} & set(packed.namelist())
        whole = b"".join(packed.read(name) for name in packed.namelist())
    for path in (old.link_secret_file, old.engine_key_file):
        assert path.read_bytes() not in whole


def test_succeeded_jobs_have_results_in_a_backup_made_while_jobs_end(old: Settings, tmp_path: Path) -> None:
    backups: list[Path] = []
    with open_ledger(old.database_url) as ledger:
        for number in range(12):
            ledger.add(a_job(f"j{number}", status=JobStatus.SUBMITTED))

        def end_jobs() -> None:
            for number in range(12):
                finish_job(old, ledger, f"j{number}", entries=1 + number % 3)

        ending = threading.Thread(target=end_jobs)
        ending.start()
        while ending.is_alive():
            backups.append(tmp_path / f"backup{len(backups)}.zip")
            back_up(old, backups[-1], parts=(), made_at=START)
        ending.join()
    done = []
    for path in backups:
        new = settings_in(tmp_path / path.stem)
        restore(new, path, replace=False)
        with open_ledger(new.database_url) as ledger:
            jobs = ledger.jobs(statuses=[JobStatus.SUCCEEDED], limit=1000)
        for job in jobs:
            assert len(open_results(new.results_dir / job.id).time_s) == 1 + int(job.id[1:]) % 3
        done.append(len(jobs))
    assert done == sorted(done)
    assert done[-1] > 0


def test_results_replaced_during_a_backup_are_complete(old: Settings, tmp_path: Path) -> None:
    stopping = threading.Event()
    with open_ledger(old.database_url) as ledger:
        ledger.add(a_job("j1", status=JobStatus.SUBMITTED))
        finish_job(old, ledger, "j1")

        def archive_again() -> None:
            again = tmp_path / "again.json"
            while not stopping.is_set():
                again.write_text(json.dumps(document(entry(), entry(), entry())))
                archive_results(again, old.results_dir / "j1")

        replacing = threading.Thread(target=archive_again)
        replacing.start()
        try:
            for number in range(5):
                back_up_with_retries(old, tmp_path / f"{number}.zip")
        finally:
            stopping.set()
            replacing.join()
    for number in range(5):
        new = settings_in(tmp_path / str(number))
        restore(new, tmp_path / f"{number}.zip", replace=False)
        if "results/j1/results.json.zst" in read_backup_manifest(tmp_path / f"{number}.zip").files:
            assert len(open_results(new.results_dir / "j1").time_s) == 3


def back_up_with_retries(settings: Settings, target: Path) -> None:
    """Back up, up to five times: a folder that changes during a backup may be an error, which leaves no file."""
    for _ in range(5):
        with suppress(BackupError):
            back_up(settings, target, parts=(), made_at=START)
            return
        assert not target.exists()
    pytest.fail("the folder kept changing")


def test_a_backup_needs_a_new_file_in_an_existing_folder(old: Settings, tmp_path: Path) -> None:
    with filled(old):
        pass
    place = tmp_path / "backups"
    with pytest.raises(BackupError, match="does not exist"):
        back_up(old, place / "backup.zip", parts=(), made_at=START)
    place.mkdir()
    (place / "backup.zip").write_text("an older one")
    with pytest.raises(BackupError, match="already"):
        back_up(old, place / "backup.zip", parts=(), made_at=START)
    assert {path.name: path.read_text() for path in place.iterdir()} == {"backup.zip": "an older one"}


def test_a_backup_without_a_readable_ledger_is_an_error(old: Settings, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="no ledger yet"):
        back_up(old, tmp_path / "backup.zip", parts=(), made_at=START)
    unreachable = settings_in(tmp_path / "old", "postgresql+psycopg://owner:S3cret@127.0.0.1:1/ledger")
    with pytest.raises(BackupError) as caught:
        back_up(unreachable, tmp_path / "backup.zip", parts=(), made_at=START)
    assert "S3cret" not in str(caught.value)
    assert not list(tmp_path.glob("*backup*"))


@pytest.mark.usefixtures("no_hard_links")
def test_a_backup_can_be_written_without_hard_links(old: Settings, new: Settings, tmp_path: Path) -> None:
    with filled(old):
        back_up(old, tmp_path / "backup.zip", parts=(), made_at=START)
    assert not list(tmp_path.glob(".backup*"))
    restore(new, tmp_path / "backup.zip", replace=False)
    with closing(Ledger(new.database_url)) as ledger:
        assert len(ledger.jobs()) == 2


@pytest.mark.usefixtures("no_hard_links")
def test_a_file_created_during_the_backup_is_kept(old: Settings, tmp_path: Path) -> None:
    target = tmp_path / "backup.zip"
    with filled(old), pytest.raises(BackupError, match="already"):
        back_up(old, target, parts=(), made_at=START, on_progress=lambda _: target.write_text("other"))
    assert target.read_text() == "other"


def test_the_copied_ledger_is_a_consistent_snapshot(old: Settings, tmp_path: Path) -> None:
    """A backup contains either both rows that a transaction wrote or neither."""
    stopping = threading.Event()
    with open_ledger(old.database_url) as ledger:
        writing = ledger._engine.execution_options(is_writing=True)

        def write_pairs() -> None:
            number = 0
            while not stopping.is_set():
                with writing.begin() as connection:
                    for half in ("a", "b"):
                        row = {"service": "", "name": f"{number}{half}", "model": "{}"}
                        connection.execute(sa.text("INSERT INTO preset VALUES (:service, :name, :model)"), row)
                number += 1

        thread = threading.Thread(target=write_pairs)
        thread.start()
        for number in range(5):
            back_up(old, tmp_path / f"{number}.zip", parts=(), made_at=START)
        stopping.set()
        thread.join()
    for number in range(5):
        new = settings_in(tmp_path / f"new{number}")
        restore(new, tmp_path / f"{number}.zip", replace=False)
        engine = sa.create_engine(new.database_url)
        with engine.connect() as connection:
            names = [name for (name,) in connection.execute(sa.text("SELECT name FROM preset"))]
        engine.dispose()
        assert sorted(name[:-1] for name in names if name[-1] == "a") == sorted(
            name[:-1] for name in names if name[-1] == "b"
        )
