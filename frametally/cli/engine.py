"""`frametally engine`: serve the inference engine without the dashboard."""

from __future__ import annotations

import argparse
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from frametally.cli.environment import read_settings
from frametally.cli.exit_code import ExitCode
from frametally.config.generated_secret import read_or_make_secret
from frametally.config.layout import top_names
from frametally.config.settings import Settings
from frametally.engine.fault_injection import read_faults
from frametally.engine.server import Engine
from frametally.network.doors.connections import SlowBodies, allow_connections, bounded
from frametally.network.doors.content_policy import OTHER_CONTENT
from frametally.network.doors.headers import SecurityHeaders
from frametally.network.doors.hosts import HostDoor, Hosts
from frametally.network.doors.rate_limits import RateLimits
from frametally.network.routes import api_key_check, starlette_routes
from frametally.storage.permissions import keep_new_files_private, restrict


def add_parser(commands: Any) -> None:
    """Register the command."""
    parser = commands.add_parser("engine", help="serve the inference engine without the dashboard")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=9001, help="port to listen on (9001)")
    parser.set_defaults(execute=lambda options: serve_engine(options, read_settings()))


def serve_engine(options: argparse.Namespace, settings: Settings) -> int:
    """Serve until interrupted; returns the exit code.

    Raises:
        SettingsError: a setting is invalid, or not allowed with this host.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    keep_new_files_private()
    restrict(settings.data_dir, top_names())
    app = make_app(settings, host=options.host)
    protocol = bounded(AutoHTTPProtocol, max_connections=allow_connections())
    # uvicorn's access log would contain the API key of every call; the engine writes its own.
    uvicorn.run(
        app,
        host=options.host,
        port=options.port,
        http=protocol,
        access_log=False,
        log_level="warning",
        server_header=False,
    )
    return ExitCode.OK


def make_app(settings: Settings, *, host: str) -> Starlette:
    """The engine as an ASGI application whose lifespan runs its worker; `host` is the address it will listen on.

    Raises:
        SettingsError: a setting is invalid, or not allowed with this host.
    """
    engine = Engine(
        folder=settings.engine_dir,
        models_dir=settings.models_dir,
        check=api_key_check(settings.engine_key or read_or_make_secret(settings.engine_key_file)),
        link_secret=read_or_make_secret(settings.link_secret_file),
        max_video_bytes=settings.max_video_bytes,
        private_urls=settings.engine_private_urls,
        faults=read_faults(settings.engine_faults, host=host),
        retention_s=settings.engine_keep_s,
        inference_servers=settings.inference_servers,
        cluster=settings.cluster,
        storage_url=settings.storage_url,
        storage_keys=settings.storage_keys,
    )
    key_source = "FRAMETALLY_ENGINE_KEY" if settings.engine_key else str(settings.engine_key_file)
    logging.getLogger("frametally.engine").info("the API key is in %s", key_source)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        engine.start()
        yield
        engine.stop()

    return Starlette(routes=starlette_routes(engine.routes()), middleware=engine_doors(settings), lifespan=lifespan)


def engine_doors(settings: Settings) -> list[Middleware]:
    """The doors of the dashboard that concern an API, the outermost first."""
    return [
        Middleware(SecurityHeaders, page_policy=OTHER_CONTENT),
        Middleware(HostDoor, hosts=Hosts(allowed=settings.allowed_hosts)),
        Middleware(SlowBodies),
        Middleware(RateLimits),
    ]
