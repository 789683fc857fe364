"""Serve the engine alone: `python -m frametally.engine [--host 127.0.0.1] [--port 9001]`."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette

from frametally.config.secrets import read_secrets
from frametally.config.settings import Settings, read_or_make_secret
from frametally.engine.fault_injection import read_faults
from frametally.engine.server import Engine
from frametally.errors import SettingsError


def main() -> None:
    """Read the settings, then serve until interrupted."""
    options = _parse_options()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    try:
        app = make_app(Settings.read(os.environ, read_secrets()), host=options.host)
    except SettingsError as error:
        sys.exit(str(error))
    # No access log of the server's own: it would hold the key of every call.
    uvicorn.run(app, host=options.host, port=options.port, access_log=False, log_level="warning")


def make_app(settings: Settings, *, host: str) -> Starlette:
    """The engine as an application of its own, its worker running while it does; `host` is where it will listen.

    Raises:
        SettingsError: a setting is wrong, or does not go with this host.
    """
    key_file = settings.engine_dir / "key"
    engine = Engine(
        folder=settings.engine_dir,
        models_dir=settings.models_dir,
        key=settings.engine_key or read_or_make_secret(key_file),
        link_secret=read_or_make_secret(settings.data_dir / "secret"),
        max_video_bytes=settings.max_video_bytes,
        private_urls=settings.engine_private_urls,
        faults=read_faults(settings.engine_faults, host=host),
        keep_s=settings.engine_keep_s,
        model_servers=settings.model_servers,
    )
    where = "FRAMETALLY_ENGINE_KEY" if settings.engine_key else str(key_file)
    logging.getLogger("frametally.engine").info("the API key is in %s", where)

    @asynccontextmanager
    async def running(_: Starlette) -> AsyncIterator[None]:
        engine.start()
        yield
        engine.stop()

    return Starlette(routes=engine.routes(), lifespan=running)


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m frametally.engine", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9001)
    return parser.parse_args()


if __name__ == "__main__":
    main()
