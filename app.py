"""Composition root: one ASGI app with the dashboard, the Video Inference API of the engine, and the media routes."""

from __future__ import annotations

import logging
import runpy
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.starlette import App

from components.session import exports, workbench
from frametally.engine.fault_injection import read_faults
from frametally.engine.server import Engine
from frametally.errors import SettingsError
from frametally.health.checks import concerns
from frametally.jobs.watcher import Watcher
from frametally.library.routes import media_routes

SHELL = Path(__file__).parent / "components" / "shell.py"

if __name__ == "__main__":
    # A launcher that does not look for `app` runs this file as a plain script: the pages work, without API and media.
    runpy.run_path(str(SHELL), run_name="__main__")
else:
    logging.basicConfig(format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("frametally.engine").setLevel(logging.INFO)  # its own access log, which holds no key
    try:
        bench = workbench()
        faults = read_faults(bench.settings.engine_faults, host=st.get_option("server.address"))
    except SettingsError as error:
        sys.exit(str(error))
    for concern in concerns(bench.settings):
        logging.getLogger("frametally").warning("%s %s", concern.what, concern.next_step)
    engine = Engine(
        folder=bench.settings.engine_dir,
        models_dir=bench.settings.models_dir,
        key=bench.engine_key,
        link_secret=bench.link_secret,
        max_video_bytes=bench.settings.max_video_bytes,
        private_urls=bench.settings.engine_private_urls,
        faults=faults,
        keep_s=bench.settings.engine_keep_s,
        model_servers=bench.settings.model_servers,
    )
    watcher = Watcher(bench.workflow)

    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[None]:
        """Run the engine's worker, the watcher and the notifier as long as the server."""
        engine.start()
        watcher.start()
        bench.notifier.start()
        yield
        exports().close()
        bench.notifier.stop()
        watcher.stop()
        engine.stop()

    routes = [*engine.routes(), *media_routes(bench.media, bench.tickets, bench.settings.data_dir)]
    app = App(SHELL, routes=routes, lifespan=lifespan)
