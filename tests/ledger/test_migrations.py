"""A ledger of every earlier version opens with its data; one of a newer version is left as it is."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory

from frametally.contract import RunProgress
from frametally.errors import SettingsError
from frametally.job import Job, JobStatus, ModelChoice
from frametally.ledger import schema
from frametally.ledger.ledger import Ledger
from frametally.ledger.presets import Preset
from frametally.ledger.schema import known_revisions, revision_in, upgrade
from frametally.ledger.snapshot import sqlite_path
from frametally.ledger.tags import tags_of
from frametally.notifications.outbox import Outbox
from tests.support.ledgers import open_ledger
from tests.support.soak import shortened

DUMPS = sorted((Path(__file__).parent / "ledgers").glob("*.sql"))
"""Ledgers of earlier versions with three jobs and a preset each, dumped by SQLite. They are never changed."""
MOTION = ModelChoice(model_id="motion", version="1")
MODELS = (
    ModelChoice(model_id="cars", version="2", inference_type="instance-segmentation", confidence=0.4),
    ModelChoice(model_id="clip", version="1", inference_type="clip-embed-image"),
)
JOB_ID = "5b7c4f0e-8f3d-4c55-9d39-0c1f6f1c000"
DONE_AT = datetime.fromisoformat("2026-03-01T12:01:00+00:00")


def load(dump: Path, ledger: Path) -> str:
    with closing(sqlite3.connect(ledger)) as connection:
        connection.executescript(dump.read_text())
    return f"sqlite:///{ledger}"


@contextmanager
def connected(database_url: str) -> Iterator[sa.Connection]:
    if path := sqlite_path(database_url):
        path.parent.mkdir(exist_ok=True)
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def columns(database_url: str) -> dict[str, set[tuple[str, bool]]]:
    """Name and nullability of every column, by table."""
    with connected(database_url) as connection:
        found = sa.inspect(connection)
        return {
            table: {(column["name"], column["nullable"]) for column in found.get_columns(table)}
            for table in found.get_table_names()
        }


def read_back(ledger: Ledger) -> dict[str, Job]:
    return {job.id.removeprefix(JOB_ID): job for job in ledger.jobs()}


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
def test_a_ledger_of_an_earlier_version_opens_with_its_jobs_and_presets(dump: Path, tmp_path: Path) -> None:
    with open_ledger(load(dump, tmp_path / "frametally.db")) as ledger:
        jobs = read_back(ledger)
        model, ran_on = ModelChoice(model_id="cars", version="2", confidence=0.25), "https://api.roboflow.com"
        assert ledger.presets.all() == [Preset(name="Dock", model=model, service=ran_on)]
    done, running, failed = jobs["1"], jobs["2"], jobs["3"]
    assert (done.status, done.video_name, done.infer_fps) == (JobStatus.SUCCEEDED, "naïve 视频 'x\".mp4", 29.97)
    assert (done.models, done.video_sha256, done.progress, done.ended_at) == ((MOTION,), "a" * 64, 1.0, DONE_AT)
    assert done.created_at == datetime.fromisoformat("2026-03-01T12:00:00.123456+00:00")
    assert (running.status, running.models, running.remote_job_id) == (JobStatus.SUBMITTED, MODELS, "r2")
    assert (running.video_url, running.service_message) == ("https://example.com/dock.mkv", "warming up")
    assert (running.checked_at, running.ended_at) == (None, None)
    assert (failed.status, failed.failure, failed.progress) == (JobStatus.FAILED, "The kept video is gone.", None)
    run_progress = RunProgress(frames_done=75, frames_total=300, cancellable=True)
    since = (300, run_progress, True) if dump.stem >= "0002" else (None, None, False)
    assert (running.frames, running.run_progress, running.cancel_refused) == since


def test_notes_tags_history_outages_and_notifications_are_migrated(tmp_path: Path) -> None:
    with open_ledger(load(DUMPS[-1], tmp_path / "frametally.db")) as ledger:
        assert read_back(ledger)["2"].notes == "look at minute 3"
        assert tags_of(ledger, [f"{JOB_ID}2"]) == {f"{JOB_ID}2": ["night"]}
        (event,) = ledger.history(f"{JOB_ID}3")
        assert (event.cause, event.actor, read_back(ledger)["2"].owner) == ("The kept video is gone.", "ada", "ada")
        assert [(outage.service, outage.faults) for outage in ledger.outages()] == [("https://api.roboflow.com", 3)]
        notice = Outbox(ledger).claim("webhook", DONE_AT)
        assert notice is not None
        assert (notice.job_id, notice.attempts, notice.last_error) == (f"{JOB_ID}3", 2, "The webhook answered 500.")


@pytest.fixture(scope="module")
def columns_of_a_new_ledger(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[tuple[str, bool]]]:
    url = f"sqlite:///{tmp_path_factory.mktemp('new') / 'frametally.db'}"
    with open_ledger(url):
        return columns(url)


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
def test_a_migrated_ledger_has_the_current_schema_and_is_usable(
    dump: Path, tmp_path: Path, columns_of_a_new_ledger: dict[str, set[tuple[str, bool]]]
) -> None:
    url = load(dump, tmp_path / "frametally.db")
    with open_ledger(url) as ledger:
        assert ledger.transition(read_back(ledger)["2"], JobStatus.LOST)
    assert columns(url) == columns_of_a_new_ledger


EVERY_REVISION = [(name, revision) for name in ("sqlite", "postgresql") for revision in known_revisions()[:-1]]
SHORT = {*EVERY_REVISION[: len(EVERY_REVISION) // 2], ("postgresql", known_revisions()[0])}
"""On PostgreSQL the first revision only: it runs all migrations."""


@pytest.mark.parametrize(("database_url", "revision"), shortened(EVERY_REVISION, SHORT), indirect=["database_url"])
def test_every_revision_is_upgraded_to_the_newest(revision: str, database_url: str) -> None:
    """Upgrade each revision with one job, which has values for the columns of the first version only."""
    row = {"id": "j1", "status": "created", "service": "embedded", "key_id": "", "video_name": "a.mp4"}
    row |= {"video_sha256": "0" * 64, "models": '[{"model_id":"motion","version":"1"}]', "service_says": ""}
    with connected(database_url) as connection:
        upgrade(connection, revision)
        job = sa.Table("job", sa.MetaData(), autoload_with=connection)
        if "service_message" in job.c:  # renamed by 0006
            row["service_message"] = row.pop("service_says")
        connection.execute(job.insert().values(**row, infer_fps=5.0, failure="", created_at=1, next_check_at=2))
        preset = sa.Table("preset", sa.MetaData(), autoload_with=connection)
        for name, model_id, service in (("Moving", "motion", "embedded"), ("Never run", "birds", "")):
            model = f'{{"model_id":"{model_id}","version":"1"}}'
            known = {"service": service} if "service" in preset.c else {}  # added by 0007
            connection.execute(preset.insert().values(name=name, model=model, **known))
    with open_ledger(database_url) as ledger:
        assert {preset.name: preset.service for preset in ledger.presets.all()} == {
            "Moving": "embedded",
            "Never run": "",
        }
        assert (ledger.job("j1").models, ledger.job("j1").next_check_at.microsecond) == ((MOTION,), 2)
    with connected(database_url) as connection:
        assert revision_in(connection) == known_revisions()[-1]


def test_the_known_revisions_are_those_of_the_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    steps = ScriptDirectory.from_config(config).walk_revisions()
    assert known_revisions() == [step.revision for step in steps][::-1]


def test_a_ledger_of_a_newer_version_is_refused_and_unchanged(database_url: str, tmp_path: Path) -> None:
    with open_ledger(database_url):
        pass
    with connected(database_url) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(sa.text("ALTER TABLE job ADD COLUMN later INTEGER"))
    before = columns(database_url)
    with pytest.raises(SettingsError, match="its schema is 9999, this version supports up to") as caught:
        Ledger(database_url)
    assert "Run the newer version" in caught.value.next_step
    assert columns(database_url) == before
    with connected(database_url) as connection:
        assert revision_in(connection) == "9999"


def test_a_refused_sqlite_file_is_unchanged(tmp_path: Path) -> None:
    url = load(DUMPS[-1], tmp_path / "frametally.db")
    with open_ledger(url):
        pass
    with connected(url) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    before = hashlib.sha256((tmp_path / "frametally.db").read_bytes()).digest()
    with pytest.raises(SettingsError, match="newer version"):
        Ledger(url)
    assert hashlib.sha256((tmp_path / "frametally.db").read_bytes()).digest() == before
