"""Every page through the shell, with the engine that the dashboard would carry on a real socket."""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pytest
import streamlit as st
import uvicorn
from starlette.types import ASGIApp
from streamlit import config
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, Button, Element

from components.session import get_deployment
from frametally.cli.engine import make_app
from frametally.client import client
from frametally.config.settings import Settings
from frametally.deployment import Deployment

ROOT = Path(__file__).parents[2]
OpenPage = Callable[[str], AppTest]


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A deployment of its own for each test: no setting of this machine, nothing cached from the test before."""
    for name in list(os.environ):
        if name.startswith("FRAMETALLY_") or name == "ROBOFLOW_API_KEY":
            monkeypatch.delenv(name)
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(client, "BACKOFF_S", (0.0, 0.0))  # the number of attempts stays, only the waits go
    _forget()
    yield tmp_path / "data"
    _forget()


@pytest.fixture
def deployment(data_dir: Path) -> Deployment:
    """What the pages work with."""
    return get_deployment()


@pytest.fixture
def engine(data_dir: Path) -> Iterator[str]:
    """The embedded engine, answering where the pages look for it; its worker stays away: a job there stays queued."""
    with _running_engine(worker=False) as url:
        yield url


@pytest.fixture
def working_engine(data_dir: Path) -> Iterator[str]:
    """The embedded engine with its worker."""
    with _running_engine(worker=True) as url:
        yield url


@pytest.fixture
def open_page() -> OpenPage:
    """Open a page the way a new tab does: its script runs once, without the start page before it."""

    return _open


@pytest.fixture
def video_url(small_video: Path) -> Iterator[str]:
    """A web server on this machine that has the small video."""
    with _serving(small_video.parent) as url:
        yield f"{url}/{small_video.name}"


def button(app: AppTest, label: str) -> Button:
    """The first button whose label begins so."""
    return next(button for button in app.button if button.label.startswith(label))


def shown(element: Element | Block) -> str:
    """All that the browser is given of an element."""
    return str(element.proto)


def captions(app: AppTest) -> str:
    """All captions, a line each."""
    return "\n".join(element.value for element in app.caption)


def dataframe(app: AppTest, column: str) -> pd.DataFrame:
    """The table that has this column."""
    return next(table.value for table in app.dataframe if column in table.value.columns)


def chart(app: AppTest, key: str) -> dict[str, Any]:
    """What plotly is given for the chart with this key."""
    specs = (element.proto for element in app.get("plotly_chart"))
    return dict(json.loads(next(proto.spec for proto in specs if proto.id.endswith(key))))


def open_link(**params: str | list[str]) -> AppTest:
    """Open the Analytics page through a link with these query parameters."""
    return _open("analytics", **params)


def _open(name: str, **params: str | list[str]) -> AppTest:
    app = AppTest.from_file(str(ROOT / "components/shell.py"), default_timeout=30)
    for param, value in params.items():
        app.query_params[param] = value
    return app.switch_page(f"../pages/{name}.py").run()


def pick(app: AppTest, key: str, points: Sequence[int | list[int]] = (), box: Sequence[float] = ()) -> None:
    """Click points of the chart, by what stands behind each, or draw a box over its times."""
    drawn = [{"x": list(box), "y": [0, 1]}] if box else []
    app.session_state[key] = {"selection": {"points": [{"customdata": at} for at in points], "box": drawn}}
    app.run()


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@contextmanager
def answering(app: ASGIApp, *, lifespan: bool) -> Iterator[int]:
    """The port on which an application answers, on a real socket."""
    listener = socket.create_server(("127.0.0.1", 0))
    own_lifespan: Literal["on", "off"] = "on" if lifespan else "off"
    options = uvicorn.Config(app, access_log=False, log_level="error", ws="none", lifespan=own_lifespan)
    server = uvicorn.Server(options)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join()
    listener.close()


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
