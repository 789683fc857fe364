"""Each place of the layout and each table of the ledger is backed up, restored and deleted as declared."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from frametally.backup.create import back_up
from frametally.backup.restore import restore
from frametally.config.layout import LAYOUT, Place, locate
from frametally.config.settings import Settings
from frametally.job import JobStatus
from frametally.jobs.deletion import UNDO_S, delete, remove_deleted
from frametally.ledger.ledger import Ledger
from frametally.ledger.tables import METADATA, Timestamp
from tests.support.ledgers import START, a_job

JOB_ID = "0f-job"
NAMES = {"<job>": JOB_ID, "<sha256>": "ab" * 32, "<id>": "0f", "<model id>": "cars", "<version>": "1"}
WRITTEN = [place for place in LAYOUT if place.path not in ("frametally.db", "in-use", ".restore/")]


def file_of(place: Place) -> str:
    """The path of an example file, relative to the data folder."""
    path = place.path
    for variable, name in NAMES.items():
        path = path.replace(variable, name)
    return f"{path}file" if path.endswith("/") else path


def example_of(column: sa.Column[Any]) -> object:
    if column.name == "job_id":
        return JOB_ID
    if isinstance(column.type, Timestamp):
        return START
    if isinstance(column.type, sa.Boolean):
        return True
    return 1 if isinstance(column.type, (sa.Integer, sa.Float)) else "x"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A data folder with a file in each place and a row in each table; files and rows of jobs belong to one job."""
    settings = Settings.read({"FRAMETALLY_DATA_DIR": str(tmp_path / "old")})
    for place in WRITTEN:
        path = locate(settings, file_of(place))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(place.path)
    ledger = Ledger(settings.database_url)
    ledger.add(a_job(JOB_ID, status=JobStatus.SUCCEEDED))
    with ledger.writing() as connection:
        for table in METADATA.sorted_tables:
            if connection.execute(sa.select(table)).first() is None:
                connection.execute(table.insert().values({column.name: example_of(column) for column in table.columns}))
    ledger.close()
    return settings


def filled_tables(ledger: Ledger) -> set[str]:
    with ledger.reading() as connection:
        return {name for name, table in METADATA.tables.items() if connection.execute(sa.select(table)).first()}


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_restored_backup_has_exactly_the_places_and_tables_that_the_layout_declares(
    settings: Settings, tmp_path: Path
) -> None:
    back_up(settings, tmp_path / "backup.zip", parts=("secrets", "videos", "models"), made_at=START)
    new = Settings.read({"FRAMETALLY_DATA_DIR": str(tmp_path / "new")})
    restore(new, tmp_path / "backup.zip", replace=False)
    expected = {file_of(place) for place in WRITTEN if place.backup != "never"}
    assert files_below(new.data_dir) - {"frametally.db", "in-use"} == expected
    ledger = Ledger(new.database_url)
    assert filled_tables(ledger) == set(METADATA.tables)
    ledger.close()


@pytest.mark.parametrize("part", ["secrets", "videos", "models", None])
def test_optional_parts_are_included_on_request(settings: Settings, tmp_path: Path, part: Any) -> None:
    manifest = back_up(settings, tmp_path / "backup.zip", parts=[part] if part else [], made_at=START)
    expected = {file_of(place) for place in WRITTEN if place.backup in ("always", part)}
    assert manifest.files.keys() - {"ledger.db"} == expected


def test_deleting_a_job_removes_its_rows_and_files(settings: Settings) -> None:
    ledger = Ledger(settings.database_url)
    assert delete(ledger, [JOB_ID], START, actor=None) == [JOB_ID]
    remove_deleted(ledger, settings.results_dir, START + timedelta(seconds=UNDO_S + 1))
    of_jobs = {name for name, table in METADATA.tables.items() if name == "job" or "job_id" in table.columns}
    assert of_jobs >= {"job", "event", "job_tag"}
    assert filled_tables(ledger) == METADATA.tables.keys() - of_jobs
    ledger.close()
    others = {file_of(place) for place in WRITTEN if "<job>" not in place.path}
    assert {name for name in files_below(settings.data_dir) if JOB_ID in name} == set()
    assert files_below(settings.data_dir) >= others
