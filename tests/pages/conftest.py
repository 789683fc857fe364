"""Pages under AppTest, opened through the shell, with the embedded engine on a real socket."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import streamlit as st
from streamlit import config

from components.session import get_deployment
from frametally.backoff import Backoff
from frametally.cli.engine import make_app
from frametally.client import client
from frametally.config.settings import Settings
from frametally.deployment import Deployment
from tests.support.pages import OpenPage, open_tab
from tests.support.serving import answering


@pytest.fixture(autouse=True)
def data_dir(
    tmp_path: Path,
    migrated_sqlite: Path,
    without_component_scan: None,
    reading_in_this_process: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """The data folder of the test with an empty ledger; clears settings in the environment and Streamlit's caches."""
    for name in list(os.environ):
        if name.startswith("FRAMETALLY_") or name == "ROBOFLOW_API_KEY":
            monkeypatch.delenv(name)
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("FRAMETALLY_API_PRIVATE_URLS", "true")  # services of the tests are on loopback addresses
    (tmp_path / "data").mkdir(mode=0o700)
    shutil.copy(migrated_sqlite, tmp_path / "data" / "frametally.db")
    # The same number of attempts, without waits.
    monkeypatch.setattr(client, "BACKOFF", Backoff(first_s=0.0, max_s=0.0))
    _forget()
    yield tmp_path / "data"
    _forget()


@pytest.fixture
def deployment(data_dir: Path) -> Deployment:
    """The deployment that the pages use."""
    return get_deployment()


@pytest.fixture
def engine(data_dir: Path) -> Iterator[str]:
    """The embedded engine at the address that the pages use, without its worker: a job stays queued."""
    with _running_engine(worker=False) as url:
        yield url


@pytest.fixture
def working_engine(data_dir: Path) -> Iterator[str]:
    """The embedded engine with its worker."""
    with _running_engine(worker=True) as url:
        yield url


@pytest.fixture
def open_page() -> OpenPage:
    """Open a page as in a new tab: only its own script runs, and once, without the start page."""
    return open_tab


@pytest.fixture
def video_url(small_video: Path) -> Iterator[str]:
    """The URL of the small video on a local web server."""
    with _serving(small_video.parent) as url:
        yield f"{url}/{small_video.name}"


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Suppress the access log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@contextmanager
def _running_engine(*, worker: bool) -> Iterator[str]:
    with answering(make_app(Settings.read(os.environ), host="127.0.0.1"), lifespan=worker) as port:
        before = config.get_option("server.port")
        config.set_option("server.port", port)
        yield f"http://127.0.0.1:{port}"
        config.set_option("server.port", before)


def _forget() -> None:
    st.cache_resource.clear()
    st.cache_data.clear()


logging.getLogger("streamlit").setLevel(logging.ERROR)
