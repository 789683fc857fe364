"""Run the dashboard as a subprocess with a given data folder."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent


@contextmanager
def running_dashboard(data_dir: Path) -> Iterator[str]:
    """Context manager: the URL of a running dashboard, which is stopped at the end of the block."""
    with dashboard_process(data_dir) as (_, url):
        yield url


@contextmanager
def dashboard_process(
    data_dir: Path, root: Path = ROOT, script: str = "app.py"
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Context manager: process and URL of a running dashboard, which is stopped at the end of the block.

    `root` may be another checkout, or a folder with another Streamlit script.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    options = ["--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true"]
    dashboard = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", script, *options],
        cwd=root,
        env={**os.environ, "FRAMETALLY_DATA_DIR": str(data_dir), "PYTHONPATH": str(root)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url)
        yield dashboard, url
    finally:
        dashboard.terminate()
        dashboard.wait()


def health_ms(url: str) -> float:
    """Response time of the health route; raises OSError if the server cannot be reached."""
    start = time.perf_counter()
    with urllib.request.urlopen(f"{url}/_stcore/health", timeout=10) as answer:
        answer.read()
    return (time.perf_counter() - start) * 1000


def _wait_for(url: str) -> None:
    for _ in range(300):
        try:
            health_ms(url)
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError("The dashboard did not start.")
