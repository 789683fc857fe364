"""Dashboards that run as their own process: `streamlit run app.py` on a data folder of the test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from tests.support.ledgers import write_empty_ledger
from tests.support.ports import reserved_port

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Dashboard:
    """A running dashboard: URL, data folder, log file and process."""

    url: str
    data_dir: Path
    log: Path
    pid: int


StartDashboard = Callable[..., Dashboard]


@pytest.fixture
def start_dashboard(tmp_path: Path) -> Iterator[StartDashboard]:
    """Start `streamlit run app.py` with these settings on a data folder of the test; it is stopped after the test."""
    with starting_dashboards(tmp_path) as start:
        yield start


@contextmanager
def starting_dashboards(folder: Path, app_folder: Path = ROOT, script: str = "app.py") -> Iterator[StartDashboard]:
    """Start the dashboard of `app_folder` on the data folder `folder`/data; it is stopped when the context ends."""
    numbers, running = count(), ExitStack()

    def start(**settings: str) -> Dashboard:
        data_dir, log = folder / "data", folder / f"server-{next(numbers)}.log"
        port = running.enter_context(reserved_port())
        command = [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port)]
        own = {"FRAMETALLY_DATA_DIR": str(data_dir), "PYTHONPATH": str(app_folder), **settings}
        if not data_dir.exists():  # the test of the installed dashboard starts in an empty folder
            data_dir.mkdir(mode=0o700)
            write_empty_ledger(data_dir / "frametally.db")
        foreign = {name: value for name, value in os.environ.items() if not name.startswith(("FRAMETALLY_", "ROBO"))}
        with log.open("wb") as output:
            server = subprocess.Popen(
                [*command, "--server.address", "127.0.0.1"],
                cwd=app_folder,
                env=foreign | own,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        running.callback(_end, server)
        wait_for_address(server, log)
        return Dashboard(f"http://127.0.0.1:{port}", data_dir, log, server.pid)

    with running:
        yield start


def _end(server: subprocess.Popen[bytes]) -> None:
    """End a dashboard with its processes; raises TimeoutExpired if it had to be killed."""
    with suppress(ProcessLookupError):  # it has ended by itself
        os.killpg(server.pid, signal.SIGTERM)
    try:
        server.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        raise


def wait_for_address(server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the log contains the URL. A probe of the port would be the first request instead of the test's."""
    for _ in range(600):
        if b"URL: http" in log.read_bytes():
            return
        try:
            server.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    pytest.fail(f"the dashboard did not start:\n{log.read_text()}")
