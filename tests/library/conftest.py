"""The library routes over a real socket."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette

from frametally.library.library import Library
from frametally.library.routes import library_routes
from frametally.library.tickets import Tickets
from frametally.network.routes import starlette_routes
from tests.support.media_server import MAX_VIDEO_BYTES, MediaServer
from tests.support.polling import until


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MediaServer]:
    library = Library(tmp_path / "media", max_video_bytes=MAX_VIDEO_BYTES)
    tickets = Tickets("a secret of this test")
    app = Starlette(routes=starlette_routes(library_routes(library, tickets, tmp_path)))
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", ws="none", lifespan="off")
    runner = uvicorn.Server(config)
    thread = threading.Thread(target=runner.run)
    thread.start()
    until(lambda: runner.started)
    port = runner.servers[0].sockets[0].getsockname()[1]
    yield MediaServer(f"http://127.0.0.1:{port}", library, tickets, tmp_path)
    runner.should_exit = True
    thread.join()
