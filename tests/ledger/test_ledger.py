"""The ledger on real databases: transitions, claims, queries, and its content after a restart."""

from __future__ import annotations

import itertools
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from frametally.contract import RunProgress
from frametally.errors import JobError
from frametally.job import EMBEDDED, TRANSITIONS, JobStatus, ModelChoice
from frametally.ledger import migrations
from frametally.ledger.lease import progress_writer
from frametally.ledger.ledger import Ledger
from frametally.ledger.presets import Preset
from frametally.ledger.tables import METADATA
from tests.support.competing_process import LEASE_S, ROUNDS
from tests.support.ledgers import START, a_job, open_ledger, run_competing_processes

OWN_SERVICES = [(EMBEDDED, "")]


def test_a_job_is_read_as_it_was_added(ledger: Ledger) -> None:
    models = (ModelChoice(model_id="cars", version="2", confidence=0.4), ModelChoice(model_id="clip", version="1"))
    job = a_job(
        models=models,
        video_name="naïve 视频 'x\".mp4",
        infer_fps=29.97,
        frames=300,
        run_progress=RunProgress(
            frames_done=75, frames_total=300, frames_per_second=14.2, remaining_s=15.8, cancellable=True
        ),
        cancel_refused=True,
        run_started_at=START,
        upload_url="https://storage/v?sig=1",
        remote_job_id="r1",
        progress=0.25,
        created_at=datetime.fromisoformat("2026-03-01T14:00:00.123456+02:00"),
        checked_at=START,
    )
    ledger.add(job)
    assert ledger.job("j1") == job


def test_a_database_error_shows_no_signed_link(ledger: Ledger) -> None:
    job = a_job(video_url="https://videos/v?sig=S3cret", upload_url="https://storage/v?sig=S3cret")
    ledger.add(job)
    with pytest.raises(sa.exc.IntegrityError) as caught:
        ledger.add(job)
    assert "INSERT INTO job" in str(caught.value)
    assert "S3cret" not in "".join(traceback.format_exception(caught.value))


def test_an_unknown_job_is_an_error(ledger: Ledger) -> None:
    with pytest.raises(JobError, match="does not exist"):
        ledger.job("j1")


def test_a_job_survives_a_restart(database_url: str) -> None:
    with open_ledger(database_url) as ledger:
        ledger.add(a_job())
    with open_ledger(database_url) as ledger:
        assert ledger.job("j1") == a_job()


def test_jobs_are_listed_newest_first(ledger: Ledger) -> None:
    for number in (2, 0, 1):
        ledger.add(a_job(f"j{number}", created_at=START + timedelta(hours=number)))
    ledger.add(a_job("failed", status=JobStatus.FAILED))
    assert [job.id for job in ledger.jobs(statuses=[JobStatus.CREATED])] == ["j2", "j1", "j0"]
    assert [job.id for job in ledger.jobs(limit=2)] == ["j2", "j1"]


def test_jobs_are_filtered_by_video(ledger: Ledger) -> None:
    for number, sha256 in enumerate(("0" * 64, "1" * 64, "0" * 64)):
        ledger.add(a_job(f"j{number}", video_sha256=sha256, created_at=START + timedelta(hours=number)))
    assert [job.id for job in ledger.jobs(video_sha256="0" * 64)] == ["j2", "j0"]


def test_jobs_are_filtered_by_service_and_services_without_cancel_are_known(ledger: Ledger) -> None:
    for number, service in enumerate(("https://a", "https://a", "https://b")):
        ledger.add(a_job(f"j{number}", service=service, created_at=START + timedelta(hours=number)))
    assert [job.id for job in ledger.jobs(service="https://a")] == ["j1", "j0"]
    assert ledger.services_without_cancel() == set()
    ledger.update(ledger.job("j0"), cancel_refused=True)
    assert ledger.services_without_cancel() == {"https://a"}


def test_run_progress_is_replaced_and_cleared(ledger: Ledger) -> None:
    ledger.add(a_job())
    ledger.update(ledger.job("j1"), run_progress=RunProgress(jobs_before=2))
    assert ledger.job("j1").run_progress == RunProgress(jobs_before=2)
    ledger.update(ledger.job("j1"), run_progress=None)
    assert ledger.job("j1").run_progress is None


def test_the_progress_of_a_transfer_is_not_shown_with_the_frames_of_the_run_before_it(ledger: Ledger) -> None:
    ledger.add(a_job(run_progress=RunProgress(frames_done=4, frames_total=31), progress=0.13))
    progress_writer(ledger, ledger.job("j1"), lambda: START)(80, 100)
    assert (ledger.job("j1").progress, ledger.job("j1").run_progress) == (0.8, None)


def test_a_job_is_due_when_it_is_open_on_time_and_its_key_is_known(ledger: Ledger) -> None:
    for status in JobStatus:
        ledger.add(a_job(status.value, status=status))
    ledger.add(a_job("later", next_check_at=START + timedelta(seconds=1)))
    ledger.add(a_job("longest waiting", next_check_at=START - timedelta(seconds=1)))
    ledger.add(a_job("other key", service="https://host", key_id="k2"))
    due = [job.id for job in ledger.due(START, OWN_SERVICES)]
    assert due[0] == "longest waiting"
    assert sorted(due[1:]) == ["created", "submitted", "uploaded"]
    assert [job.id for job in ledger.due(START, [("https://host", "k2")])] == ["other key"]
    assert ledger.due(START, []) == []
    assert len(ledger.due(START, OWN_SERVICES, limit=2)) == 2


def test_a_claim_is_exclusive_until_its_lease_expires(ledger: Ledger) -> None:
    ledger.add(a_job())
    job = ledger.job("j1")
    assert ledger.claim(job, START, LEASE_S)
    assert not ledger.claim(job, START + timedelta(seconds=LEASE_S - 1), LEASE_S)
    assert ledger.claim(job, START + timedelta(seconds=LEASE_S), LEASE_S)


def test_a_job_is_not_claimed_with_an_outdated_status(ledger: Ledger) -> None:
    ledger.add(a_job())
    seen = ledger.job("j1")
    ledger.transition(seen, JobStatus.UPLOADED)
    assert not ledger.claim(seen, START, LEASE_S)


def test_one_of_many_threads_claims_a_job(ledger: Ledger) -> None:
    ledger.add(a_job())
    job = ledger.job("j1")
    together = Barrier(16)

    def claim(_: int) -> bool:
        together.wait()
        return ledger.claim(job, START, LEASE_S)

    with ThreadPoolExecutor(max_workers=16) as pool:
        assert sum(pool.map(claim, range(16))) == 1


def test_processes_open_a_new_ledger_concurrently_and_one_thread_claims_its_job(database_url: str) -> None:
    def open_and_add_a_job() -> None:
        ledger = Ledger(database_url)  # migrated here or in one of the processes, and no copy of another
        ledger.add(a_job())
        ledger.close()

    won = run_competing_processes("claim", database_url, during=open_and_add_a_job)
    assert sorted(won[0] + won[1]) == list(range(ROUNDS))


def test_only_allowed_transitions_are_made(ledger: Ledger) -> None:
    for source, target in itertools.product(JobStatus, JobStatus):
        name = f"{source} to {target}"
        ledger.add(a_job(name, status=source))
        allowed = target in TRANSITIONS[source]
        assert ledger.transition(ledger.job(name), target, service_message="moved") is allowed, name
        job = ledger.job(name)
        assert (job.status, job.service_message) == ((target, "moved") if allowed else (source, "")), name


def test_a_transition_depends_on_the_stored_status(ledger: Ledger) -> None:
    ledger.add(a_job())
    seen = ledger.job("j1")
    assert ledger.transition(seen, JobStatus.SUBMITTED)
    assert ledger.transition(seen, JobStatus.CANCELLED, failure="no")
    assert not ledger.transition(seen, JobStatus.SUCCEEDED)
    assert ledger.job("j1").failure == "no"


def test_an_update_with_an_outdated_status_changes_nothing(ledger: Ledger) -> None:
    ledger.add(a_job())
    seen = ledger.job("j1")
    assert ledger.update(seen, progress=0.5)
    ledger.transition(seen, JobStatus.UPLOADED)
    assert not ledger.update(seen, progress=0.9)
    assert ledger.job("j1").progress == 0.5


def test_a_removed_job_cannot_be_changed(ledger: Ledger) -> None:
    ledger.add(a_job())
    seen = ledger.job("j1")
    ledger.remove("j1")
    assert not ledger.claim(seen, START, LEASE_S)
    assert not ledger.transition(seen, JobStatus.FAILED)
    assert ledger.jobs() == []


def test_a_time_without_a_time_zone_is_not_stored(ledger: Ledger) -> None:
    ledger.add(a_job())
    with pytest.raises(sa.exc.StatementError, match="without a time zone"):
        ledger.update(ledger.job("j1"), checked_at=datetime(2026, 3, 1))


def test_presets_are_saved_replaced_and_removed(ledger: Ledger) -> None:
    cars = Preset(name="cars", model=ModelChoice(model_id="cars", version="2", confidence=0.4))
    birds = Preset(name="birds", model=ModelChoice(model_id="birds", version="1"))
    ledger.presets.save(cars)
    ledger.presets.save(birds)
    assert ledger.presets.all() == [birds, cars]
    newer = Preset(name="cars", model=ModelChoice(model_id="cars", version="3"))
    ledger.presets.save(newer)
    ledger.presets.remove(birds)
    assert ledger.presets.all() == [newer]


def test_a_preset_of_another_service_may_have_the_same_name(ledger: Ledger) -> None:
    here = Preset(name="cars", model=ModelChoice(model_id="cars", version="2"), service="embedded")
    there = Preset(name="cars", model=ModelChoice(model_id="cars", version="5"), service="https://api.example.com")
    for preset in (here, there):
        ledger.presets.save(preset)
    assert ledger.presets.all() == [here, there]
    ledger.presets.remove(here)
    assert ledger.presets.all() == [there]


def test_the_migrations_create_the_declared_tables(database_url: str) -> None:
    with open_ledger(database_url), open_ledger(database_url):
        engine = sa.create_engine(database_url)
        found = sa.inspect(engine)
        assert set(found.get_table_names()) == {*METADATA.tables, "alembic_version"}
        for table in METADATA.tables.values():
            columns = {column["name"]: column["nullable"] for column in found.get_columns(table.name)}
            assert columns == {column.name: column.nullable for column in table.columns}
        engine.dispose()


def test_a_ledger_of_the_first_version_keeps_its_jobs(database_url: str) -> None:
    engine = sa.create_engine(database_url)
    Path(engine.url.database or "").parent.mkdir(exist_ok=True)
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    old = {"id": "j1", "status": "failed", "service": "https://host", "key_id": "k", "video_name": "old.mp4"}
    old |= {"video_sha256": "0" * 64, "models": '[{"model_id":"m","version":"1"}]', "infer_fps": "2.5"}
    old |= {"service_says": "", "failure": "It broke.", "created_at": "0", "next_check_at": "0"}
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        names, values = ", ".join(old), ", ".join(f":{name}" for name in old)
        connection.execute(sa.text(f"INSERT INTO job ({names}) VALUES ({values})"), old)
    engine.dispose()
    with open_ledger(database_url) as ledger:
        (job,) = ledger.jobs()
        assert (job.video_name, job.frames, job.run_progress, job.cancel_refused) == ("old.mp4", None, None, False)
        assert (job.infer_fps, job.uploaded_at, job.notes, job.deleted_at) == (2.5, None, "", None)
        assert ledger.history("j1") == []


def test_sqlite_is_durable(sqlite_url: str) -> None:
    with open_ledger(sqlite_url) as ledger, ledger._engine.connect() as connection:
        pragmas = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
    assert pragmas == ["wal", 2]
