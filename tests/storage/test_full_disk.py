"""The disk becomes full at each stage that writes: it says so, and after space is freed nothing is lost.

Stages that other tests cover on a full disk: the engine's results and the reason of a failure
(`engine/test_worker_failures.py`), annotated videos (`rendering/test_video_export.py`), exported tables
(`pages/test_analytics_sections.py`), rebuilt tables (`results/test_damage.py`), the video that the engine receives
(`engine/test_links_and_uploads.py`), and what is refused before it begins (`jobs/test_preflight.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from frametally.backup.create import back_up
from frametally.backup.restore import restore
from frametally.config.generated_secret import read_or_make_secret
from frametally.deployment import open_deployment
from frametally.errors import BackupError, SettingsError
from frametally.health.checks import ledger_unavailable
from frametally.job import JobStatus
from frametally.jobs.workflow import Workflow
from frametally.ledger.lease import LEASE_S
from frametally.ledger.ledger import Ledger
from frametally.library.copies.maker import CopyStatus
from frametally.library.library import Library
from frametally.rendering.class_colors import ClassColors
from frametally.results import open_results
from frametally.storage.space import SMALLER_FILE, TRY_AGAIN, DiskFull
from tests.support.backups import contents, filled, settings_in
from tests.support.deployment import LocalDeployment, advance_due
from tests.support.disks import enlarge, fill
from tests.support.engines import RunningEngine, StartEngine
from tests.support.ledgers import START, Clock, a_job
from tests.support.misbehaving import MisbehavingServer, after, answer
from tests.support.polling import until
from tests.support.short_documents import document, entry
from tests.support.soak import shortened

BOX = {"x": 10, "y": 20, "width": 4, "height": 6, "confidence": 0.9, "class": "car", "class_id": 0}
ENTRIES = 400
FULL = "The disk of the dashboard's server is full. Free some space; the job then goes on by itself."


@pytest.fixture(autouse=True)
def no_reserve(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disks of these tests are smaller than the reserve, which otherwise keeps a disk from getting full."""
    for module in ("storage.space", "library.upload_store", "backup.restore"):
        monkeypatch.setattr(f"frametally.{module}.DISK_RESERVE_BYTES", -(2**40))


def a_library(disk: Path) -> Library:
    return Library(disk / "media", max_video_bytes=1 << 30)


def test_an_upload_cannot_begin(small_disk: Path, small_video: Path) -> None:
    library = a_library(small_disk)
    filler = fill(small_disk)
    with pytest.raises(DiskFull, match="no room for this video") as full:
        library.uploads.begin("clip.mp4", 100, actor=None)
    assert full.value.next_step == SMALLER_FILE
    filler.unlink()
    assert library.add(small_video, actor=None).sha256


def test_an_upload_continues_where_the_disk_was_full(small_disk: Path, small_video: Path) -> None:
    library, video = a_library(small_disk), small_video.read_bytes()
    upload = library.uploads.begin("clip.mp4", len(video), actor=None)
    half = len(video) // 2
    library.uploads.append(upload.id, 0, video[:half])
    filler = fill(small_disk)
    with pytest.raises(DiskFull, match="no room for this video"):
        library.uploads.append(upload.id, half, video[half:])
    received = library.uploads.get(upload.id).offset_bytes
    assert received >= half
    filler.unlink()
    library.uploads.append(upload.id, received, video[received:])
    assert library.finish(upload.id, actor=None).path.read_bytes() == video


def test_a_complete_upload_is_stored_once_there_is_room(small_disk: Path, small_video: Path) -> None:
    library, video = a_library(small_disk), small_video.read_bytes()
    upload = library.uploads.begin("clip.mp4", len(video), actor=None)
    library.uploads.append(upload.id, 0, video)
    filler = fill(small_disk)
    with pytest.raises(DiskFull, match="no room for this video"):
        library.finish(upload.id, actor=None)
    filler.unlink()
    assert library.finish(upload.id, actor=None).path.read_bytes() == video


@pytest.fixture
def hosted(
    deployed: LocalDeployment, server: MisbehavingServer, small_disk: Path, clock: Clock
) -> Callable[[], Workflow]:
    """A workflow with results on a small disk, and a job that its service has finished."""
    entries = [entry(BOX, {**BOX, "confidence": 0.1 + number / 1000}) for number in range(ENTRIES)]
    results = json.dumps(document(*entries)).encode()
    del clock

    def begin() -> Workflow:
        deployed.ledger.add(a_job("j", status=JobStatus.SUBMITTED, remote_job_id="r", last_known_at=START))
        done = answer({"status": 0, "output_signed_url": f"{server.url}/results"})
        server.replies_with(done, answer(results), done, answer(results))
        return replace(deployed.workflow, results_dir=small_disk / "results")

    return begin


@pytest.mark.soak
@pytest.mark.parametrize("leave_bytes", [0, *range(4096, 40 * 4096, 3 * 4096)])
def test_results_are_read_once_there_is_room(
    hosted: Callable[[], Workflow], clock: Clock, small_disk: Path, leave_bytes: int
) -> None:
    """Download, original, tables and cube, with more and more room."""
    workflow = hosted()
    (small_disk / "results").mkdir()
    filler = fill(small_disk, leave_bytes=leave_bytes)
    advance_due(workflow)
    job = workflow.ledger.job("j")
    if job.status is not JobStatus.SUCCEEDED:
        assert (job.status, job.service_message) == (JobStatus.SUBMITTED, FULL)
        filler.unlink()
        clock.wait(100)
        advance_due(workflow)
    assert workflow.ledger.job("j").status is JobStatus.SUCCEEDED
    results = open_results(small_disk / "results" / "j")
    assert (len(results.time_s), len(results.boxes("cars"))) == (ENTRIES, 2 * ENTRIES)
    assert [path.name for path in (small_disk / "results").iterdir()] == ["j"]


def test_a_ledger_without_room_says_so_and_loses_no_job(small_disk: Path, clock: Clock) -> None:
    ledger = Ledger(f"sqlite:///{small_disk / 'ledger.db'}", clock)
    ledger.add(a_job("before"))
    filler = fill(small_disk)
    jobs = [a_job(f"j{number}", notes="x" * 4000) for number in range(100)]  # more than fits into a page of the log
    with pytest.raises(sa.exc.OperationalError) as failed:
        ledger.add(*jobs)
    shown = ledger_unavailable(failed.value)
    assert (shown.what, "Free some disk space" in shown.next_step) == ("The disk of the job ledger is full.", True)
    assert [job.id for job in ledger.jobs()] == ["before"]
    filler.unlink()
    ledger.add(*jobs)
    assert len(ledger.jobs()) == 101
    ledger.close()


def test_a_new_data_folder_without_room_says_so(small_disk: Path) -> None:
    settings = settings_in(small_disk / "data")
    filler = fill(small_disk)
    with pytest.raises(SettingsError, match=r"No space left|disk is full") as full:
        open_deployment(settings, lambda: "")
    assert full.value.next_step == TRY_AGAIN
    filler.unlink()
    deployment = open_deployment(settings, lambda: "")
    deployment.ledger.add(a_job())
    deployment.ledger.close()


@pytest.mark.parametrize("leave_bytes", shortened([0, 4096, 16384, 65536], [0]))
def test_an_existing_data_folder_opens_or_says_so(small_disk: Path, leave_bytes: int) -> None:
    settings = settings_in(small_disk / "data")
    first = open_deployment(settings, lambda: "")
    first.ledger.add(a_job())
    secret = first.link_secret
    first.ledger.close()
    filler = fill(small_disk, leave_bytes=leave_bytes)
    if leave_bytes < 65536:  # SQLite needs 32 KiB for the index of its log
        with pytest.raises(SettingsError, match=r"its disk is full") as full:
            open_deployment(settings, lambda: "")
        assert full.value.next_step == TRY_AGAIN
    else:
        opened = open_deployment(settings, lambda: "")
        assert [job.id for job in opened.ledger.jobs()] == ["j1"]
        opened.ledger.close()
    filler.unlink()
    again = open_deployment(settings, lambda: "")
    assert ([job.id for job in again.ledger.jobs()], again.link_secret) == (["j1"], secret)
    again.ledger.close()


def test_a_secret_is_written_whole_or_not_at_all(small_disk: Path) -> None:
    filler = fill(small_disk)
    with pytest.raises(OSError, match="No space left"):
        read_or_make_secret(small_disk / "secret")
    filler.unlink()
    assert read_or_make_secret(small_disk / "secret") == read_or_make_secret(small_disk / "secret")


def test_colors_stay_the_same_while_they_cannot_be_stored(small_disk: Path) -> None:
    stored = ClassColors(small_disk / "colors.json")
    before = stored.of(["car"])
    filler = fill(small_disk)
    full = stored.of(["car", "van"])
    filler.unlink()
    assert stored.of(["car", "van"]) == full
    assert full["car"] == before["car"]
    assert ClassColors(small_disk / "colors.json").of(["car"]) == before


@pytest.mark.soak
def test_a_copy_for_the_browser_says_so_and_is_made_later(
    small_disk: Path, small_video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = a_library(small_disk)
    video = library.add(small_video, actor=None)
    filler = fill(small_disk)
    failed = until(lambda: (state := library.copies.request(video)).status is CopyStatus.FAILED and state)
    assert "disk has no room" in failed.message
    assert TRY_AGAIN in failed.message
    filler.unlink()
    enlarge(small_disk)  # the process that makes the copy keeps the reserve
    monkeypatch.setattr("frametally.library.copies.maker.RETRY_AFTER_S", 0.0)
    assert not list((small_disk / "media").rglob("*.part"))
    assert until(lambda: library.copies.request(video).status is CopyStatus.DONE)
    library.copies.close()


@pytest.mark.soak
def test_a_backup_without_room_says_so_and_leaves_no_file(tmp_path: Path, small_disk: Path) -> None:
    settings = settings_in(tmp_path / "data")
    with filled(settings):
        for leave_bytes in (0, 65536, 4 << 20):
            filler = fill(small_disk, leave_bytes=leave_bytes)
            big = settings.results_dir / "done" / "notes.json"
            big.write_bytes(b"x" * (5 << 20))
            with pytest.raises(BackupError, match=r"disk has no room|No space left") as full:
                back_up(settings, small_disk / "backup.zip", parts=[], made_at=START)
            assert "Free some" in full.value.next_step
            assert list(small_disk.iterdir()) == [filler]
            filler.unlink()
        back_up(settings, small_disk / "backup.zip", parts=[], made_at=START)


@pytest.mark.parametrize("leave_bytes", shortened([0, 4096, 65536], [65536]))
def test_a_restore_without_room_says_so_and_changes_nothing(tmp_path: Path, small_disk: Path, leave_bytes: int) -> None:
    source = settings_in(tmp_path / "data")
    with filled(source):
        back_up(source, tmp_path / "backup.zip", parts=[], made_at=START)
    settings = settings_in(small_disk / "data")
    with filled(settings):
        """Data of its own."""
    before = contents(settings.data_dir)
    filler = fill(small_disk, leave_bytes=leave_bytes)
    with pytest.raises(BackupError, match=r"no room|No space left") as full:
        restore(settings, tmp_path / "backup.zip", replace=True)
    assert full.value.next_step == TRY_AGAIN
    assert contents(settings.data_dir) == before
    filler.unlink()
    restore(settings, tmp_path / "backup.zip", replace=True)


@pytest.mark.soak
def test_an_engine_without_room_refuses_a_start_and_then_accepts_it(
    start_engine: StartEngine, small_disk: Path, tmp_path: Path, small_video: Path
) -> None:
    (tmp_path / "engine").symlink_to(small_disk)
    engine: RunningEngine = start_engine(worker=False)
    link = engine.upload(small_video)
    filler = fill(small_disk)
    refused = engine.ask(link)
    assert refused.status_code == 507
    assert "Free some space" in refused.json()["message"]
    filler.unlink()
    engine.engine.start()
    assert engine.results(engine.submit(link))["motion"]


@pytest.mark.soak
def test_a_job_goes_on_after_its_lease_if_not_even_its_state_could_be_written(
    small_disk: Path, clock: Clock, server: MisbehavingServer
) -> None:
    """Ledger and results on one disk, which gets full while the results arrive."""
    deployed = LocalDeployment(small_disk, clock, server.url)
    deployed.ledger.add(a_job("j", status=JobStatus.SUBMITTED, remote_job_id="r", last_known_at=START))
    results = json.dumps(document(*[entry(BOX)] * ENTRIES)).encode()
    done = answer({"status": 0, "output_signed_url": f"{server.url}/results"})
    server.replies_with(done, after(lambda: fill(small_disk), answer(results)), done, answer(results))
    with pytest.raises(sa.exc.OperationalError):
        advance_due(deployed.workflow)
    assert deployed.job("j").status is JobStatus.SUBMITTED
    (small_disk / "filler").unlink()
    clock.wait(LEASE_S + 1)
    advance_due(deployed.workflow)
    assert deployed.job("j").status is JobStatus.SUCCEEDED
    assert len(open_results(small_disk / "results" / "j").boxes("cars")) == ENTRIES
    deployed.ledger.close()
