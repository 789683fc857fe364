"""A dashboard without pages in a separate process that can be killed: what `app.py` runs, with the clock of the test.

`POST /run` replaces the button of the Upload page.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from frametally.config.settings import Settings
from frametally.deployment import Deployment, open_deployment
from frametally.engine.server import Engine
from frametally.job import EMBEDDED, ModelChoice, RunRequest
from frametally.jobs.watcher import Watcher
from frametally.library.routes import library_routes
from frametally.network.routes import api_key_check, starlette_routes
from tests.support.crash_points import KILLS
from tests.support.crash_service import KEY


@dataclass(frozen=True, kw_only=True)
class KillableDeployment:
    """The configuration shared by all starts of the dashboard."""

    folder: Path
    database_url: str
    service_url: str | None
    """None for the embedded engine."""
    port: int
    storage_url: str | None = None
    storage_keys: Mapping[str, str] = field(default_factory=dict)
    data: str = "data"
    """The name of the data folder: with object storage, each machine has one of its own."""

    def now(self) -> datetime:
        """The real time plus the seconds in the file `ahead_s`."""
        return datetime.now(UTC) + timedelta(seconds=float((self.folder / "ahead_s").read_text()))

    def pass_time(self, seconds: float) -> None:
        draft = self.folder / "ahead_s.next"
        draft.write_text(str(float((self.folder / "ahead_s").read_text()) + seconds))
        draft.replace(self.folder / "ahead_s")

    def open(self) -> Deployment:
        settings = Settings(
            data_dir=self.folder / self.data,
            database_url=self.database_url,
            models_dir=self.folder / "models",
            api_url=self.service_url,
            api_key=KEY if self.service_url else None,
            storage_url=self.storage_url,
            storage_keys=self.storage_keys,
        )
        deployment = open_deployment(settings, lambda: f"http://127.0.0.1:{self.port}")
        deployment.ledger.clock = self.now
        return replace(deployment, workflow=replace(deployment.workflow, clock=self.now))


def serve(killable: KillableDeployment, kill_at: str) -> None:
    """Run until the process is killed."""
    logging.disable(logging.CRITICAL)
    sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
    if kill_at in KILLS:
        KILLS[kill_at]()
    deployment = killable.open()
    watcher = Watcher(deployment.workflow, poll_every_s=0.02)
    engine = _engine(deployment) if killable.service_url is None else None

    async def run(request: Request) -> PlainTextResponse:
        service, key_id = (EMBEDDED, "") if engine else deployment.clients.known()[-1]
        job = deployment.workflow.submit(
            RunRequest(
                service=service,
                key_id=key_id,
                video_name="square.mp4",
                video_sha256=request.query_params["sha256"],
                models=(ModelChoice(model_id="motion", version="1"),),
                infer_fps=5.0,
            ),
            actor=None,
        )
        return PlainTextResponse(job.id)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        if engine:
            engine.start()
        watcher.start()
        yield

    routes = [
        Route("/run", run, methods=["POST"]),
        *starlette_routes(library_routes(deployment.library, deployment.tickets, deployment.settings.data_dir)),
        *starlette_routes(engine.routes() if engine else []),
    ]
    with socket.create_server(("127.0.0.1", killable.port)) as listener:
        server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes, lifespan=lifespan), log_level="critical"))
        server.run(sockets=[listener])


def _engine(deployment: Deployment) -> Engine:
    return Engine(
        folder=deployment.settings.engine_dir,
        models_dir=deployment.settings.models_dir,
        check=api_key_check(deployment.engine_key),
        link_secret=deployment.link_secret,
        max_video_bytes=deployment.settings.max_video_bytes,
    )
