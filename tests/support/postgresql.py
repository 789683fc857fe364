"""A real PostgreSQL server for the tests, reached through a Unix socket in its own folder."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from frametally.ledger.ledger import Ledger
from tests.support.memory_disk import GIB, memory_disk

NOT_DURABLE = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
"""The data need not survive a power loss: tests kill our processes, never the server."""
UNTENDED = "autovacuum=off"
"""It would start a process every minute for each database that a test has used."""


class NoPostgresql(Exception):
    """The server or the driver is not installed."""


@pytest.fixture(scope="session")
def new_postgresql_database() -> Iterator[Callable[..., str]]:
    """Create an empty database on the server of this session and return its URL."""
    try:
        server = serving_postgresql()
    except NoPostgresql as error:
        pytest.skip(str(error))
    with server as make_database:
        yield make_database


@pytest.fixture(scope="session")
def new_postgresql_ledger(new_postgresql_database: Callable[..., str]) -> Callable[[], str]:
    """Create a database with the newest schema and return its URL. A copy is faster than running the migrations."""
    template_url = new_postgresql_database()
    Ledger(template_url).close()
    template = template_url.partition("@/")[2].partition("?")[0]

    def make() -> str:
        return new_postgresql_database(template)

    return make


def serving_postgresql() -> AbstractContextManager[Callable[..., str]]:
    """Start a server; the context is a function that creates a database and returns its SQLAlchemy URL.

    The function takes the name of another database as an optional template.

    Raises:
        NoPostgresql: PostgreSQL or psycopg is not installed; raised by the call, before the context is entered.
    """
    try:
        import psycopg
    except ImportError:
        raise NoPostgresql("psycopg is not installed") from None
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
    if programs is None:
        raise NoPostgresql("PostgreSQL is not installed")
    return _serving(psycopg, programs)


@contextmanager
def _serving(psycopg: Any, programs: Path) -> Iterator[Callable[..., str]]:
    folder = Path(tempfile.mkdtemp(prefix="frametally-pg-", dir=memory_disk(GIB)))
    # PostgreSQL refuses to run as root; its package creates the user postgres.
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    as_user: dict[str, Any] = {"user": user, "cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    data = f"{folder}/data"
    init = [f"{programs}/initdb", "--pgdata", data, "--auth", "trust", "--username", "owner", "--no-sync"]
    subprocess.run([*init, "--locale=C", "--encoding=UTF8"], check=True, **as_user)
    options = [word for option in ("listen_addresses=", *NOT_DURABLE, UNTENDED) for word in ("-c", option)]
    numbers = itertools.count()
    with subprocess.Popen([f"{programs}/postgres", "-D", data, "-k", str(folder), *options], **as_user) as server:
        try:
            connection = _connect(psycopg, f"host={folder} user=owner dbname=postgres", server)

            def make(template: str = "template1") -> str:
                name = f"ledger{next(numbers)}"
                connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
                return f"postgresql+psycopg://owner@/{name}?host={folder}"

            yield make
            connection.close()
        finally:
            server.send_signal(signal.SIGINT)  # fast shutdown: closes open connections
            server.wait()
            shutil.rmtree(folder)


def _connect(psycopg: Any, address: str, server: subprocess.Popen[Any]) -> Any:
    give_up_s = time.monotonic() + 30
    while time.monotonic() < give_up_s and server.poll() is None:
        try:
            return psycopg.connect(address, autocommit=True)
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise RuntimeError("PostgreSQL did not answer")
