"""The ledger on real databases: who may move a job, who may act on it, and what is in it after a restart."""

from __future__ import annotations

import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from frametally.contract import Standing
from frametally.errors import JobError
from frametally.job import EMBEDDED, MOVES, JobStatus, ModelChoice
from frametally.ledger import migrations
from frametally.ledger.ledger import Preset, Store
from frametally.ledger.tables import EVENT, JOB, JOB_TAG, PRESET
from tests.support.ledgers import START, a_job, open_store, with_rivals
from tests.support.rival import LEASE_S, ROUNDS

EVERYONE = [(EMBEDDED, "")]


def test_a_job_comes_back_as_it_was_written(store: Store) -> None:
    models = (ModelChoice(model_id="cars", version="2", confidence=0.4), ModelChoice(model_id="clip", version="1"))
    job = a_job(
        models=models,
        video_name="naïve 视频 'x\".mp4",
        infer_fps=29.97,
        frames=300,
        standing=Standing(frames_done=75, frames_total=300, frames_per_second=14.2, remaining_s=15.8, cancellable=True),
        cancel_refused=True,
        began_at=START,
        upload_url="https://storage/v?sig=1",
        remote_job_id="r1",
        progress=0.25,
        created_at=datetime.fromisoformat("2026-03-01T14:00:00.123456+02:00"),
        checked_at=START,
    )
    store.add(job)
    assert store.job("j1") == job


def test_a_fault_of_the_database_tells_no_signed_link(store: Store) -> None:
    job = a_job(video_url="https://videos/v?sig=S3cret", upload_url="https://storage/v?sig=S3cret")
    store.add(job)
    with pytest.raises(sa.exc.IntegrityError) as caught:
        store.add(job)
    assert "INSERT INTO job" in str(caught.value)
    assert "S3cret" not in "".join(traceback.format_exception(caught.value))


def test_an_unknown_job_is_an_error(store: Store) -> None:
    with pytest.raises(JobError, match="no such job"):
        store.job("j1")


def test_a_job_stands_after_a_restart(database_url: str) -> None:
    with open_store(database_url) as store:
        store.add(a_job())
    with open_store(database_url) as store:
        assert store.job("j1") == a_job()


def test_jobs_come_newest_first(store: Store) -> None:
    for number in (2, 0, 1):
        store.add(a_job(f"j{number}", created_at=START + timedelta(hours=number)))
    store.add(a_job("failed", status=JobStatus.FAILED))
    assert [job.id for job in store.jobs(statuses=[JobStatus.CREATED])] == ["j2", "j1", "j0"]
    assert [job.id for job in store.jobs(limit=2)] == ["j2", "j1"]


def test_jobs_over_one_video(store: Store) -> None:
    for number, sha256 in enumerate(("0" * 64, "1" * 64, "0" * 64)):
        store.add(a_job(f"j{number}", video_sha256=sha256, created_at=START + timedelta(hours=number)))
    assert [job.id for job in store.jobs(video_sha256="0" * 64)] == ["j2", "j0"]


def test_jobs_of_one_service_and_services_that_cancel_nothing(store: Store) -> None:
    for number, service in enumerate(("https://a", "https://a", "https://b")):
        store.add(a_job(f"j{number}", service=service, created_at=START + timedelta(hours=number)))
    assert [job.id for job in store.jobs(service="https://a")] == ["j1", "j0"]
    assert store.services_without_cancel() == set()
    store.note(store.job("j0"), cancel_refused=True)
    assert store.services_without_cancel() == {"https://a"}


def test_what_a_service_told_is_replaced_and_forgotten(store: Store) -> None:
    store.add(a_job())
    store.note(store.job("j1"), standing=Standing(jobs_before=2))
    assert store.job("j1").standing == Standing(jobs_before=2)
    store.note(store.job("j1"), standing=None)
    assert store.job("j1").standing is None


def test_a_job_is_due_when_it_is_open_and_its_time_has_come_and_its_key_is_known(store: Store) -> None:
    for status in JobStatus:
        store.add(a_job(status.value, status=status))
    store.add(a_job("later", next_check_at=START + timedelta(seconds=1)))
    store.add(a_job("longest waiting", next_check_at=START - timedelta(seconds=1)))
    store.add(a_job("other key", service="https://host", key_id="k2"))
    due = [job.id for job in store.due(START, EVERYONE)]
    assert due[0] == "longest waiting"
    assert sorted(due[1:]) == ["created", "submitted", "uploaded"]
    assert [job.id for job in store.due(START, [("https://host", "k2")])] == ["other key"]
    assert store.due(START, []) == []
    assert len(store.due(START, EVERYONE, limit=2)) == 2


def test_a_claim_holds_until_its_lease_ends(store: Store) -> None:
    store.add(a_job())
    job = store.job("j1")
    assert store.claim(job, START, LEASE_S)
    assert not store.claim(job, START + timedelta(seconds=LEASE_S - 1), LEASE_S)
    assert store.claim(job, START + timedelta(seconds=LEASE_S), LEASE_S)


def test_a_job_that_has_moved_on_is_not_claimed_as_what_it_was(store: Store) -> None:
    store.add(a_job())
    seen = store.job("j1")
    store.move(seen, JobStatus.UPLOADED)
    assert not store.claim(seen, START, LEASE_S)


def test_of_many_threads_one_claims_the_job(store: Store) -> None:
    store.add(a_job())
    job = store.job("j1")
    together = Barrier(16)

    def claim(_: int) -> bool:
        together.wait()
        return store.claim(job, START, LEASE_S)

    with ThreadPoolExecutor(max_workers=16) as pool:
        assert sum(pool.map(claim, range(16))) == 1


def test_of_the_threads_of_two_processes_one_claims_the_job(database_url: str) -> None:
    with open_store(database_url) as store:
        store.add(a_job())
    won = with_rivals("claim", database_url)
    assert sorted(won[0] + won[1]) == list(range(ROUNDS))


def test_two_processes_open_a_new_ledger_at_once(database_url: str) -> None:
    assert with_rivals("open", database_url, processes=3) == [True, True, True]
    with open_store(database_url) as store:
        assert store.jobs() == []


@pytest.mark.parametrize("source", JobStatus)
@pytest.mark.parametrize("target", JobStatus)
def test_only_a_move_of_the_table_is_made(sqlite_url: str, source: JobStatus, target: JobStatus) -> None:
    with open_store(sqlite_url) as store:
        store.add(a_job(status=source))
        allowed = target in MOVES[source]
        assert store.move(store.job("j1"), target, service_says="moved") is allowed
        job = store.job("j1")
        assert (job.status, job.service_says) == ((target, "moved") if allowed else (source, ""))


def test_a_move_is_judged_by_the_ledger_and_not_by_what_was_seen(store: Store) -> None:
    store.add(a_job())
    seen = store.job("j1")
    assert store.move(seen, JobStatus.SUBMITTED)
    assert store.move(seen, JobStatus.CANCELLED, failure="no")
    assert not store.move(seen, JobStatus.SUCCEEDED)
    assert store.job("j1").failure == "no"


def test_a_note_about_a_job_that_has_moved_on_changes_nothing(store: Store) -> None:
    store.add(a_job())
    seen = store.job("j1")
    assert store.note(seen, progress=0.5)
    store.move(seen, JobStatus.UPLOADED)
    assert not store.note(seen, progress=0.9)
    assert store.job("j1").progress == 0.5


def test_a_removed_job_is_gone_for_everybody(store: Store) -> None:
    store.add(a_job())
    seen = store.job("j1")
    store.remove("j1")
    assert not store.claim(seen, START, LEASE_S)
    assert not store.move(seen, JobStatus.FAILED)
    assert store.jobs() == []


def test_a_time_without_its_zone_is_never_written(store: Store) -> None:
    store.add(a_job())
    with pytest.raises(sa.exc.StatementError, match="without its zone"):
        store.note(store.job("j1"), checked_at=datetime(2026, 3, 1))


def test_presets_are_saved_replaced_and_forgotten(store: Store) -> None:
    cars = Preset(name="cars", model=ModelChoice(model_id="cars", version="2", confidence=0.4))
    birds = Preset(name="birds", model=ModelChoice(model_id="birds", version="1"))
    store.save_preset(cars)
    store.save_preset(birds)
    assert store.presets() == [birds, cars]
    newer = Preset(name="cars", model=ModelChoice(model_id="cars", version="3"))
    store.save_preset(newer)
    store.remove_preset("birds")
    assert store.presets() == [newer]


def test_the_migrations_make_the_tables_that_the_code_names(database_url: str) -> None:
    with open_store(database_url), open_store(database_url):
        engine = sa.create_engine(database_url)
        found = sa.inspect(engine)
        for table in (JOB, PRESET, EVENT, JOB_TAG):
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
    with open_store(database_url) as store:
        (job,) = store.jobs()
        assert (job.video_name, job.frames, job.standing, job.cancel_refused) == ("old.mp4", None, None, False)
        assert (job.infer_fps, job.upload_at, job.notes, job.deleted_at) == (2.5, None, "", None)
        assert store.history("j1") == []


def test_a_ledger_in_sqlite_survives_a_loss_of_power(sqlite_url: str) -> None:
    with open_store(sqlite_url) as store, store._engine.connect() as connection:
        pragmas = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
    assert pragmas == ["wal", 2]
