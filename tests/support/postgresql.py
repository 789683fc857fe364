"""A real PostgreSQL server for as long as somebody needs it, reached by a socket in a folder of its own."""

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


class NoPostgresql(Exception):
    """The server or the driver is not installed."""


def serving_postgresql() -> AbstractContextManager[Callable[[], str]]:
    """Makes empty databases and returns their SQLAlchemy URLs.

    Raises:
        NoPostgresql: at once, where it is not installed.
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
def _serving(psycopg: Any, programs: Path) -> Iterator[Callable[[], str]]:
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
            server.send_signal(signal.SIGINT)  # at once, whoever is connected
            server.wait()
            shutil.rmtree(folder)


def _connect(psycopg: Any, address: str, server: subprocess.Popen[Any]) -> Any:
    give_up_s = time.monotonic() + 30
    while time.monotonic() < give_up_s and server.poll() is None:
        try:
            return psycopg.connect(address, autocommit=True)
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise RuntimeError("PostgreSQL does not answer")
