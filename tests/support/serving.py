"""Serve an application of the test on a real socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import uvicorn
from starlette.types import ASGIApp


@contextmanager
def answering(app: ASGIApp, *, lifespan: bool) -> Iterator[int]:
    """Serve an application on a real socket and yield its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    own_lifespan: Literal["on", "off"] = "on" if lifespan else "off"
    options = uvicorn.Config(app, access_log=False, log_level="error", ws="none", lifespan=own_lifespan)
    server = uvicorn.Server(options)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
