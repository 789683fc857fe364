"""The statements on the ledger that the simulation counts are those that a job causes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.engine import Engine

from benchmarks.cluster_simulation.ledger_load import CHECK, END, SUBMIT
from frametally.job import JobStatus
from tests.support import fake_service
from tests.support.deployment import LocalDeployment
from tests.support.fake_service import FakeService
from tests.support.ledgers import Clock

SEARCH = 3
"""What finding the due job takes in the test: for all jobs together, the watcher does so once a second."""


@contextmanager
def counting() -> Iterator[list[str]]:
    """The statements that are executed, without those that begin a transaction."""
    executed: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            executed.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield executed
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_a_job_causes_no_more_statements_than_the_simulation_counts(
    tmp_path: Path, clock: Clock, migrated_sqlite: Path, small_video: Path, reading_in_this_process: None
) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "ledger.db")
    with FakeService(in_words=False) as fake:
        deployment = LocalDeployment(tmp_path, clock, fake.url, fake_service.KEY)
        with counting() as submitting:
            job = deployment.submit(small_video)
            deployment.step()
        steps = []
        while deployment.job(job.id).status is not JobStatus.SUCCEEDED:
            before = clock.now
            with counting() as executed:
                deployment.step()
            fake.wait((clock.now - before).total_seconds())
            steps.append(len(executed))
        deployment.ledger.close()
    first, *_, last = (count - SEARCH for count in steps)
    assert 0 < len(submitting) - SEARCH <= SUBMIT
    assert 0 < first <= CHECK
    assert first < last <= END
