"""A clock set by the test, a ledger on SQLite and PostgreSQL, and jobs to add to it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from frametally.job import EMBEDDED, Job, JobStatus, ModelChoice
from frametally.ledger.ledger import Ledger
from frametally.ledger.snapshot import sqlite_path
from tests.support.misbehaving import MisbehavingServer

if TYPE_CHECKING:
    from tests.support.deployment import LocalDeployment

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> Iterator[MisbehavingServer]:
    with MisbehavingServer() as server:
        yield server


@pytest.fixture
def deployed(
    tmp_path: Path, clock: Clock, server: MisbehavingServer, migrated_sqlite: Path
) -> Iterator[LocalDeployment]:
    """A deployment in front of that server."""
    from tests.support.deployment import LocalDeployment  # circular import

    shutil.copy(migrated_sqlite, tmp_path / "ledger.db")
    deployment = LocalDeployment(tmp_path, clock, server.url)
    yield deployment
    deployment.ledger.close()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger' / 'frametally.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    make_database: Callable[[], str] = request.getfixturevalue("new_postgresql_database")
    return make_database()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the newest schema and no rows, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "frametally.db"
    write_empty_ledger(path)
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest) -> str:
    """A database with the newest schema and no rows, copied from another: faster than running the migrations."""
    if request.param == "sqlite":
        url = str(request.getfixturevalue("sqlite_url"))
        path = Path(url.removeprefix("sqlite:///"))
        path.parent.mkdir(exist_ok=True)
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        return url
    make_ledger: Callable[[], str] = request.getfixturevalue("new_postgresql_ledger")
    return make_ledger()


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """An empty ledger."""
    with open_ledger(ledger_url) as ledger:
        yield ledger


@cache
def _migrated() -> bytes:
    """The file of a new ledger, which the migrations have made in this process."""
    with tempfile.TemporaryDirectory() as folder:
        Ledger(f"sqlite:///{folder}/frametally.db").close()
        return (Path(folder) / "frametally.db").read_bytes()


def write_empty_ledger(path: Path) -> None:
    """Write a ledger with the newest schema and no rows."""
    path.write_bytes(_migrated())


@contextmanager
def open_ledger(database_url: str, clock: Callable[[], datetime] = lambda: START) -> Iterator[Ledger]:
    """Open a ledger; a new one in SQLite is a copy of another, as the migrations take longer."""
    path = sqlite_path(database_url)
    if path and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_empty_ledger(path)
    ledger = Ledger(database_url, clock)
    try:
        yield ledger
    finally:
        ledger.close()


def a_job(job_id: str = "j1", **values: Any) -> Job:
    usual: dict[str, Any] = {
        "id": job_id,
        "status": JobStatus.CREATED,
        "service": EMBEDDED,
        "key_id": "",
        "video_name": "film.mp4",
        "video_sha256": "0" * 64,
        "models": (ModelChoice(model_id="motion", version="1"),),
        "infer_fps": 5.0,
        "created_at": START,
        "next_check_at": START,
    }
    return Job(**{**usual, **values})


def run_competing_processes(what: str, *arguments: str, during: Callable[[], None] = lambda: None) -> list[Any]:
    """Run a task of `tests.support.competing_process` in two processes at once; return their results."""
    from tests.support.competing_process import compete  # circular import
    from tests.support.forks import forked, pipe

    ends = []
    with ExitStack() as running:
        for _ in range(2):
            own, theirs = pipe()
            process = forked(compete, theirs, what, arguments)
            running.callback(process.join)
            running.callback(process.terminate)  # after a failure it would compete until the end of all tests
            theirs.close()  # so that the end of the process ends what is read from it
            ends.append(own)
        assert [received(end) for end in ends] == ["ready"] * 2
        for end in ends:
            end.send("go")
        during()
        return [received(end) for end in ends]


def received(end: Connection[Any, Any]) -> Any:
    assert end.poll(60), "a process sent nothing"
    return end.recv()
