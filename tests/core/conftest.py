"""A clock that tests set, a ledger on SQLite and on PostgreSQL, and jobs to write into it."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from video_inference.jobs import EMBEDDED, Job, JobStatus, ModelChoice
from video_inference.store import Store

ROOT = Path(__file__).parent.parent.parent
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    """Stands still until it is told otherwise."""

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
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger' / 'frametally.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A database with nothing in it."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    make_database: Callable[[], str] = request.getfixturevalue("new_postgresql_database")
    return make_database()


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with open_store(database_url) as store:
        yield store


@contextmanager
def open_store(database_url: str, clock: Callable[[], datetime] = lambda: START) -> Iterator[Store]:
    store = Store(database_url, clock)
    try:
        yield store
    finally:
        store.close()


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


@pytest.fixture(scope="session")
def new_postgresql_database() -> Iterator[Callable[[], str]]:
    """Makes empty databases on a server of its own, reached by a socket in its own folder."""
    psycopg = pytest.importorskip("psycopg")
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="frametally-pg-"))
    # PostgreSQL refuses to run as root; its package brings a user of its own.
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    as_user: dict[str, Any] = {"user": user, "cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    data = f"{folder}/data"
    init = [f"{programs}/initdb", "--pgdata", data, "--auth", "trust", "--username", "owner", "--no-sync"]
    subprocess.run(init, check=True, **as_user)
    serve = [f"{programs}/postgres", "-D", data, "-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off"]
    numbers = itertools.count()
    with subprocess.Popen(serve, **as_user) as server:
        try:
            connection = _connect(psycopg, f"host={folder} user=owner dbname=postgres", server)

            def make() -> str:
                name = f"ledger{next(numbers)}"
                connection.execute(f"CREATE DATABASE {name}")
                return f"postgresql+psycopg://owner@/{name}?host={folder}"

            yield make
            connection.close()
        finally:
            server.terminate()
            server.wait()
            shutil.rmtree(folder)


def _connect(psycopg: Any, address: str, server: subprocess.Popen[Any]) -> Any:
    give_up_s = time.monotonic() + 30
    while time.monotonic() < give_up_s and server.poll() is None:
        try:
            return psycopg.connect(address, autocommit=True)
        except psycopg.OperationalError:
            time.sleep(0.1)
    pytest.fail("PostgreSQL does not answer")


def with_rivals(
    what: str, *arguments: str, processes: int = 2, meanwhile: Callable[[], None] = lambda: None
) -> list[Any]:
    """What each of several processes got that began together; `tests.core.rival` says what they do."""
    command = [sys.executable, "-m", "tests.core.rival", what, *arguments]
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for _ in range(processes)
        ]
        assert [process.stdout and process.stdout.readline() for process in running] == ["ready\n"] * processes
        for process in running:
            assert process.stdin
            process.stdin.write("\n")
            process.stdin.flush()
        meanwhile()
        return [json.loads(process.communicate(timeout=60)[0]) for process in running]
