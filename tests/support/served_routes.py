"""The routes that app.py passes to Streamlit, served alone by a process."""

from __future__ import annotations

import json
import os
import runpy
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from msgspec import Struct
from msgspec import json as codec
from starlette.applications import Starlette

from frametally.network.routes import DeclaredRoute
from tests.support.polling import until
from tests.support.ports import reserved_port

ROOT = Path(__file__).parents[2]


class Row(Struct, frozen=True):
    """One declared route; a route that declares nothing has only its path."""

    path: str
    methods: tuple[str, ...]
    purpose: str
    check: str


@dataclass(frozen=True)
class ServedRoutes:
    """A process that serves the routes, and what they declare."""

    url: str
    data_dir: Path
    rows: list[Row]


@contextmanager
def serving_routes(data_dir: Path, settings: Mapping[str, str]) -> Iterator[ServedRoutes]:
    """Serve the routes of the app with these settings."""
    from tests.support.forks import forked  # the process needs neither of them
    from tests.support.ledgers import write_empty_ledger

    write_empty_ledger(data_dir / "frametally.db")
    listed = data_dir / "routes.json"
    env = {**os.environ, "FRAMETALLY_DATA_DIR": str(data_dir), **settings}
    with reserved_port() as port:
        process = forked(_serve, port, listed, env)
        try:
            until(listed.exists)
            until(lambda: answers(port))
            yield ServedRoutes(f"http://127.0.0.1:{port}", data_dir, codec.decode(listed.read_bytes(), type=list[Row]))
        finally:
            process.terminate()
            process.join()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _serve(port: int, listed: Path, env: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(env)
    routes = runpy.run_path(str(ROOT / "app.py"), run_name="app")["app"]._user_routes
    rows = [
        {"path": row.path, "methods": row.methods, "purpose": row.purpose, "check": row.check.name}
        for route in routes
        if isinstance(route, DeclaredRoute)
        for row in route.declared
    ]
    rows += [
        {"path": route.path, "methods": (), "purpose": "", "check": ""}
        for route in routes
        if not isinstance(route, DeclaredRoute)
    ]
    draft = listed.with_suffix(".next")
    draft.write_text(json.dumps(rows))
    draft.replace(listed)
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=port, log_level="warning")
