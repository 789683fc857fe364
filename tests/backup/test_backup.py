"""A backup is whole, also when jobs end meanwhile, and goes back into any ledger; nothing in it is trusted."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from frametally.backup import restore as restoring
from frametally.backup.contents import MANIFEST
from frametally.backup.create import back_up, sizes
from frametally.backup.restore import is_half_done, read_manifest, restore
from frametally.cli.exit_code import ExitCode
from frametally.cli.main import main
from frametally.config.generated_secret import read_or_make_secret
from frametally.config.layout import BackupPart
from frametally.config.settings import Settings
from frametally.errors import BackupError, SettingsError
from frametally.job import JobStatus, ModelChoice
from frametally.ledger.ledger import Ledger, Preset
from frametally.library.library import Library
from frametally.rendering.class_colors import ClassColors
from frametally.results import archive_results, open_results
from frametally.storage.derived import derived_path
from frametally.storage.locks import lock_shared
from tests.support.ledgers import START, a_job, open_ledger
from tests.support.short_documents import document, entry

EVERYTHING: tuple[BackupPart, ...] = ("secrets", "videos", "models")


def settings_in(folder: Path, database_url: str | None = None) -> Settings:
    env = {"FRAMETALLY_DATA_DIR": str(folder), "FRAMETALLY_DATABASE_URL": database_url or ""}
    return Settings.read(env)


def finish_job(settings: Settings, ledger: Ledger, job_id: str, entries: int = 3) -> None:
    """As the workflow does it: the results first, then the state."""
    settings.results_dir.mkdir(parents=True, exist_ok=True)
    download = settings.results_dir / f"{job_id}.json"
    download.write_text(json.dumps(document(*[entry()] * entries)))
    archive_results(download, settings.results_dir / job_id)
    download.unlink()
    assert ledger.transition(ledger.job(job_id), JobStatus.SUCCEEDED, ended_at=START)


@contextmanager
def lived_in(settings: Settings, small_video: Path | None = None) -> Iterator[Ledger]:
    """A deployment with a finished job, an open one, a saved model, its secrets and a model."""
    read_or_make_secret(settings.link_secret_file)
    read_or_make_secret(settings.engine_key_file)
    model = settings.models_dir / "cars" / "2" / "model.onnx"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"weights")
    if small_video:
        Library(settings.media_dir, max_video_bytes=1 << 30).add(small_video)
    with open_ledger(settings.database_url) as ledger:
        ledger.add(a_job("done", status=JobStatus.SUBMITTED, video_name="naïve 视频.mp4"))
        finish_job(settings, ledger, "done")
        ledger.add(a_job("open", created_at=START + timedelta(seconds=1)))
        ledger.save_preset(Preset(name="Dock", model=ModelChoice(model_id="cars", version="2")))
        yield ledger


@pytest.fixture
def old(tmp_path: Path) -> Settings:
    return settings_in(tmp_path / "old")


@pytest.fixture
def new(tmp_path: Path) -> Settings:
    return settings_in(tmp_path / "new")


@pytest.fixture
def kept(tmp_path: Path, old: Settings) -> Path:
    """A backup of a deployment with results and secrets."""
    with lived_in(old):
        back_up(old, tmp_path / "kept.zip", parts=("secrets",), made_at=START)
    return tmp_path / "kept.zip"


def contents(folder: Path) -> dict[str, str]:
    """Every file below a folder, but for the ledger's logs and the lock: sha256 by path."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "in-use")
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if not path.name.endswith(("-shm", "-wal"))
    }


def repacked(source: Path, change: Callable[[dict[str, Any], dict[str, bytes]], None]) -> Path:
    """The backup with its manifest and its files changed by somebody."""
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


def test_what_was_kept_comes_back_in_an_empty_folder(old: Settings, new: Settings, kept: Path) -> None:
    manifest = restore(new, kept, replace=False)
    assert (manifest.made_at, manifest.parts) == (START, ["secrets"])
    with open_ledger(old.database_url) as before, open_ledger(new.database_url) as after:
        assert after.jobs() == before.jobs()
        assert [job.id for job in after.jobs()] == ["open", "done"]
        assert after.presets() == before.presets()
    assert len(open_results(new.results_dir / "done").time_s) == 3
    assert new.link_secret_file.read_text() == old.link_secret_file.read_text()
    assert new.engine_key_file.read_text() == old.engine_key_file.read_text()
    assert not (new.data_dir / ".restore").exists()


def test_the_colors_of_the_classes_come_back(tmp_path: Path, old: Settings, new: Settings) -> None:
    with lived_in(old):
        colors = ClassColors(old.colors_file).of(["tube", "envelope"])
        back_up(old, tmp_path / "kept.zip", parts=(), made_at=START)
    restore(new, tmp_path / "kept.zip", replace=False)
    assert ClassColors(new.colors_file).of(["bag", "tube", "envelope"]).items() >= colors.items()


def test_a_backup_leaves_out_derived_files(tmp_path: Path, old: Settings) -> None:
    with lived_in(old):
        before = sizes(old)
        derived = derived_path(old.results_dir / "done", "video", {}, "mp4")
        derived.parent.mkdir()
        derived.write_bytes(bytes(1000))
        assert sizes(old)["results"] == before["results"]
        manifest = back_up(old, tmp_path / "kept.zip", parts=(), made_at=START)
    assert any(name.startswith("results/done/") for name in manifest.files)
    assert not any("derived" in name for name in manifest.files)


def test_a_backup_and_the_secrets_from_it_are_for_their_owner_only(new: Settings, kept: Path) -> None:
    restore(new, kept, replace=False)
    for path in (kept, new.link_secret_file, new.engine_key_file):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_videos_and_models_go_in_where_they_are_asked_for(
    old: Settings, new: Settings, tmp_path: Path, small_video: Path
) -> None:
    with lived_in(old, small_video):
        manifest = back_up(old, tmp_path / "all.zip", parts=EVERYTHING, made_at=START)
    assert any(name.startswith("media/videos/") for name in manifest.files)
    restore(new, tmp_path / "all.zip", replace=False)
    sha256 = hashlib.sha256(small_video.read_bytes()).hexdigest()
    video = Library(new.media_dir, max_video_bytes=1 << 30).get(sha256)
    assert video is not None
    assert video.path.read_bytes() == small_video.read_bytes()
    assert (new.models_dir / "cars/2/model.onnx").read_bytes() == b"weights"


def test_without_them_no_secret_is_in_it(old: Settings, tmp_path: Path) -> None:
    with lived_in(old):
        back_up(old, tmp_path / "shared.zip", parts=(), made_at=START)
    with zipfile.ZipFile(tmp_path / "shared.zip") as packed:
        assert not {"secret", "engine/key"} & set(packed.namelist())
        whole = b"".join(packed.read(name) for name in packed.namelist())
    for path in (old.link_secret_file, old.engine_key_file):
        assert path.read_bytes() not in whole


def test_every_job_that_a_backup_calls_done_has_its_results_while_jobs_end_meanwhile(
    old: Settings, tmp_path: Path
) -> None:
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
            backups.append(tmp_path / f"kept{len(backups)}.zip")
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


def test_results_that_are_replaced_while_they_are_copied_come_whole(old: Settings, tmp_path: Path) -> None:
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
                with_five_tries(old, tmp_path / f"{number}.zip")
        finally:
            stopping.set()
            replacing.join()
    for number in range(5):
        new = settings_in(tmp_path / str(number))
        restore(new, tmp_path / f"{number}.zip", replace=False)
        if "results/j1/results.json.zst" in read_manifest(tmp_path / f"{number}.zip").files:
            assert len(open_results(new.results_dir / "j1").time_s) == 3


def with_five_tries(settings: Settings, target: Path) -> None:
    """A folder that is replaced without a pause may be given up: that is said, and leaves no file."""
    for _ in range(5):
        with suppress(BackupError):
            back_up(settings, target, parts=(), made_at=START)
            return
        assert not target.exists()
    pytest.fail("the folder was never there for long enough")


@pytest.mark.parametrize("way", ["into", "out of"])
def test_a_ledger_goes_from_one_kind_of_database_into_the_other(
    way: str, tmp_path: Path, new_postgresql_database: Callable[[], str]
) -> None:
    urls = [None, new_postgresql_database()]
    source, target = urls if way == "into" else urls[::-1]
    old, new = settings_in(tmp_path / "old", source), settings_in(tmp_path / "new", target)
    with lived_in(old) as ledger:
        before = ledger.jobs()
        back_up(old, tmp_path / "kept.zip", parts=("secrets",), made_at=START)
    restore(new, tmp_path / "kept.zip", replace=False)
    with open_ledger(new.database_url) as ledger:
        assert ledger.jobs() == before
        assert [preset.name for preset in ledger.presets()] == ["Dock"]


def test_a_ledger_in_postgresql_is_replaced_as_a_whole(
    tmp_path: Path, new_postgresql_database: Callable[[], str]
) -> None:
    settings = settings_in(tmp_path / "data", new_postgresql_database())
    with lived_in(settings) as ledger:
        back_up(settings, tmp_path / "kept.zip", parts=(), made_at=START)
        ledger.add(a_job("later"))
    with pytest.raises(BackupError, match="--replace"):
        restore(settings, tmp_path / "kept.zip", replace=False)
    restore(settings, tmp_path / "kept.zip", replace=True)
    with open_ledger(settings.database_url) as ledger:
        assert [job.id for job in ledger.jobs()] == ["open", "done"]


def test_a_folder_with_something_in_it_is_replaced_only_where_that_is_said(
    new: Settings, kept: Path, small_video: Path
) -> None:
    with open_ledger(new.database_url) as ledger:
        ledger.add(a_job("other"))
    Library(new.media_dir, max_video_bytes=1 << 30).add(small_video)
    before = contents(new.data_dir)
    with pytest.raises(BackupError, match="--replace"):
        restore(new, kept, replace=False)
    assert contents(new.data_dir) == before
    restore(new, kept, replace=True)
    with open_ledger(new.database_url) as ledger:
        assert [job.id for job in ledger.jobs()] == ["open", "done"]
    assert any(name.startswith("media/videos/") for name in contents(new.data_dir))


def test_what_the_old_ledger_still_had_in_its_log_does_not_get_into_the_new_one(new: Settings, kept: Path) -> None:
    with open_ledger(new.database_url) as ledger:
        ledger.add(a_job("other"))
        crashed = {path.name: path.read_bytes() for path in new.data_dir.glob("frametally.db*")}
    for name, content in crashed.items():
        (new.data_dir / name).write_bytes(content)
    restore(new, kept, replace=True)
    with open_ledger(new.database_url) as ledger:
        assert [job.id for job in ledger.jobs()] == ["open", "done"]


@pytest.mark.parametrize("at", [0.0, 0.3, 0.6, 0.9, 1.0])
def test_a_damaged_backup_changes_nothing(new: Settings, kept: Path, at: float) -> None:
    with open_ledger(new.database_url) as ledger:
        ledger.add(a_job("mine"))
    before = contents(new.data_dir)
    whole = bytearray(kept.read_bytes())
    position = min(int(len(whole) * at), len(whole) - 30)
    whole[position : position + 30] = bytes(byte ^ 0xFF for byte in whole[position : position + 30])
    kept.write_bytes(whole)
    with pytest.raises(BackupError):
        restore(new, kept, replace=True)
    assert contents(new.data_dir) == before


def test_half_a_backup_is_none(new: Settings, kept: Path) -> None:
    os.truncate(kept, kept.stat().st_size // 2)
    with pytest.raises(BackupError, match="not a complete backup"):
        restore(new, kept, replace=True)
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
def test_a_name_that_leads_elsewhere_is_refused_before_anything_is_written(
    new: Settings, kept: Path, tmp_path: Path, name: str
) -> None:
    def change(manifest: dict[str, Any], files: dict[str, bytes]) -> None:
        files["x"] = b"x"
        manifest["files"][name] = entry_for(b"x")

    with pytest.raises(BackupError, match="unexpected contents"):
        restore(new, repacked(kept, change), replace=True)
    assert contents(new.data_dir) == {}
    assert not list(tmp_path.rglob("outside"))


def test_a_file_is_never_longer_than_the_manifest_says(new: Settings, kept: Path) -> None:
    def change(manifest: dict[str, Any], files: dict[str, bytes]) -> None:
        files["secret"] = b"0" * (64 << 20)

    with pytest.raises(BackupError, match="damaged at secret"):
        restore(new, repacked(kept, change), replace=True)
    assert contents(new.data_dir) == {}


def test_a_link_in_a_backup_becomes_a_file(new: Settings, kept: Path, tmp_path: Path) -> None:
    (tmp_path / "private").write_text("theirs")
    target = str(tmp_path / "private").encode()
    changed = kept.with_name("link.zip")
    with zipfile.ZipFile(kept) as packed, zipfile.ZipFile(changed, "w") as linked:
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


def test_a_backup_without_its_ledger_or_with_another_file_for_it_is_refused(new: Settings, kept: Path) -> None:
    def without(manifest: dict[str, Any], files: dict[str, bytes]) -> None:
        del manifest["files"]["ledger.db"]

    def with_text(manifest: dict[str, Any], files: dict[str, bytes]) -> None:
        files["ledger.db"] = b"no database" * 1000
        manifest["files"]["ledger.db"] = entry_for(files["ledger.db"])

    for change in (without, with_text):
        with pytest.raises(BackupError):
            restore(new, repacked(kept, change), replace=True)
    assert contents(new.data_dir) == {}


def test_a_backup_of_a_newer_program_is_refused(new: Settings, kept: Path) -> None:
    def newer_schema(manifest: dict[str, Any], files: dict[str, bytes]) -> None:
        manifest["schema"] = "9999"

    def newer_format(manifest: dict[str, Any], files: dict[str, bytes]) -> None:
        manifest["format"] = 2

    with pytest.raises(SettingsError, match="newer version: its schema is 9999"):
        restore(new, repacked(kept, newer_schema), replace=True)
    with pytest.raises(BackupError, match="newer version"):
        restore(new, repacked(kept, newer_format), replace=True)
    assert contents(new.data_dir) == {}


def test_nothing_is_restored_under_a_running_dashboard(new: Settings, kept: Path) -> None:
    running = lock_shared(new.data_dir)
    with pytest.raises(SettingsError, match="Stop it"):
        restore(new, kept, replace=True)
    running.close()
    restore(new, kept, replace=True)


@pytest.mark.parametrize("moves", [0, 1, 2])
def test_a_restore_that_was_cut_short_is_finished_by_the_next_one(
    new: Settings, kept: Path, monkeypatch: pytest.MonkeyPatch, moves: int
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
            restore(new, kept, replace=True)
    assert is_half_done(new.data_dir)
    restore(new, kept, replace=True)
    assert not is_half_done(new.data_dir)
    with open_ledger(new.database_url) as ledger:
        assert [job.id for job in ledger.jobs()] == ["open", "done"]
    assert len(open_results(new.results_dir / "done").time_s) == 3


def test_a_backup_replaces_no_file_and_leaves_none_behind(old: Settings, tmp_path: Path) -> None:
    with lived_in(old):
        pass
    place = tmp_path / "backups"
    with pytest.raises(BackupError, match="does not exist"):
        back_up(old, place / "kept.zip", parts=(), made_at=START)
    place.mkdir()
    (place / "kept.zip").write_text("an older one")
    with pytest.raises(BackupError, match="already"):
        back_up(old, place / "kept.zip", parts=(), made_at=START)
    assert {path.name: path.read_text() for path in place.iterdir()} == {"kept.zip": "an older one"}


def test_without_a_ledger_there_is_nothing_to_back_up(old: Settings, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="no job ledger yet"):
        back_up(old, tmp_path / "kept.zip", parts=(), made_at=START)
    unreachable = settings_in(tmp_path / "old", "postgresql+psycopg://owner:S3cret@127.0.0.1:1/ledger")
    with pytest.raises(BackupError) as caught:
        back_up(unreachable, tmp_path / "kept.zip", parts=(), made_at=START)
    assert "S3cret" not in str(caught.value)
    assert not list(tmp_path.glob("*kept*"))


@pytest.mark.usefixtures("no_hard_links")
def test_a_backup_goes_to_a_disk_where_a_file_has_one_name_only(old: Settings, new: Settings, tmp_path: Path) -> None:
    with lived_in(old):
        back_up(old, tmp_path / "kept.zip", parts=(), made_at=START)
    assert not list(tmp_path.glob(".kept*"))
    restore(new, tmp_path / "kept.zip", replace=False)
    with closing(Ledger(new.database_url)) as ledger:
        assert len(ledger.jobs()) == 2


@pytest.mark.usefixtures("no_hard_links")
def test_nor_does_it_replace_a_file_there_that_came_meanwhile(old: Settings, tmp_path: Path) -> None:
    target = tmp_path / "kept.zip"
    with lived_in(old), pytest.raises(BackupError, match="already"):
        back_up(old, target, parts=(), made_at=START, on_progress=lambda _: target.write_text("of others"))
    assert target.read_text() == "of others"


def test_the_commands_say_what_goes_in_and_what_came_back(
    old: Settings, new: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("frametally.cli.environment.read_secrets", dict)  # not those of the machine that the test is on
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(old.data_dir))
    with lived_in(old):
        assert main(["backup", "kept.zip"]) == ExitCode.OK
    told = capsys.readouterr().out
    assert f"From     {old.data_dir}/frametally.db\n" in told
    assert "Videos   0 bytes, omitted (--videos)" in told
    assert "Models   7 bytes, omitted (--models)" in told
    assert main(["backup", "kept.zip"]) == ExitCode.BAD_INPUT
    assert "already" in capsys.readouterr().err
    assert main(["restore", "kept.zip"]) == ExitCode.BAD_INPUT
    assert "--replace" in capsys.readouterr().err
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(new.data_dir))
    assert main(["restore", "kept.zip"]) == ExitCode.OK
    told = capsys.readouterr().out
    assert f"Into     {new.data_dir}/frametally.db\n" in told
    assert "as of 20" in told
    with closing(Ledger(new.database_url)) as ledger:
        assert len(ledger.jobs()) == 2


def test_the_copy_of_a_ledger_is_one_moment_of_it(old: Settings, tmp_path: Path) -> None:
    """Two jobs are always written together: no backup has one without the other."""
    stopping = threading.Event()
    with open_ledger(old.database_url) as ledger:
        writing = ledger._engine.execution_options(is_writing=True)

        def write_pairs() -> None:
            number = 0
            while not stopping.is_set():
                with writing.begin() as connection:
                    for half in ("a", "b"):
                        row = {"name": f"{number}{half}", "model": "{}"}
                        connection.execute(sa.text("INSERT INTO preset VALUES (:name, :model)"), row)
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
