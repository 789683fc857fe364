"""Composition root: one ASGI app with the dashboard, the API of the built-in engine and the library's routes."""

from __future__ import annotations

import asyncio
import logging
import runpy
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from frametally.memory import MemoryReleaser, limit_malloc
from frametally.storage.permissions import keep_new_files_private

limit_malloc()  # before the imports below start threads, each with memory of its own
keep_new_files_private()
# ruff: noqa: E402

import streamlit as st
from streamlit.starlette import App

from components.access.request_person import person_of
from components.access.sign_in_secrets import sign_in_secrets
from components.analytics.audit.assets import AUDIT
from components.analytics.audit.book import audits
from components.analytics.regions.assets import REGIONS
from components.analytics.regions.tracking import tracking_runs
from components.analytics.truth.assets import TRUTH
from components.analytics.video_reader import reader_pool
from components.player.assets import PLOTLY, PLOTLY_FILE, SCRIPTS, player_preloads
from components.server.connections import bound_connections
from components.server.doors import server_doors
from components.server.health import make_beacon
from components.server.run_slots import RunSlots, limit_runs
from components.server.streamlit_modules import element_preloads
from components.session import announce_routes, base_path, own_url, video_exporter, whole_deployment
from frametally.access.guard import Guard, for_people
from frametally.access.names import names_by_id
from frametally.engine.fault_injection import read_faults
from frametally.engine.server import Engine
from frametally.errors import SettingsError
from frametally.health.checks import health_warnings
from frametally.health.engine_key import refusal_reason
from frametally.jobs.watcher import Watcher
from frametally.ledger.owners import owners_of
from frametally.library.routes import library_routes
from frametally.network.assets import asset_routes
from frametally.network.doors.full_house import House, HouseLimits
from frametally.network.routes import api_key_check, starlette_routes
from frametally.notifications.end_stream import end_routes
from frametally.notifications.rules.watch import RuleWatch
from frametally.previews.routes import preview_routes
from frametally.rendering.audits.routes import audit_routes
from frametally.rendering.playback.exact_frames import ExactFrames
from frametally.rendering.playback.routes import playback_routes
from frametally.rendering.playback.sources import Sources
from frametally.rendering.regions.answers import Answers
from frametally.rendering.regions.backgrounds import Backgrounds
from frametally.rendering.regions.routes import region_routes
from frametally.rendering.truth.routes import truth_routes
from frametally.rendering.truth.truths import Truths
from frametally.reports.shares.open_shares import OpenShares
from frametally.reports.shares.routes import share_routes

MAX_CALLBACK_S = 0.05
SHELL = Path(__file__).parent / "components" / "shell.py"

if __name__ == "__main__":
    # A launcher that ignores `app` runs this file as a script: the pages work, without the engine and the uploads.
    runpy.run_path(str(SHELL), run_name="__main__")
else:
    logging.basicConfig(format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("frametally.engine").setLevel(logging.INFO)  # the engine's access log, which never contains a key
    # It would contain keys and tickets. Streamlit turns it off, and on again when its configuration changes.
    logging.getLogger("uvicorn.access").addFilter(lambda _: False)
    try:
        deployment = whole_deployment()
        faults = read_faults(deployment.settings.engine_faults, host=st.get_option("server.address"))
        engine = Engine(
            folder=deployment.settings.engine_dir,
            models_dir=deployment.settings.models_dir,
            check=api_key_check(deployment.engine_key, partial(refusal_reason, deployment.engine_records)),
            link_secret=deployment.link_secret,
            max_video_bytes=deployment.settings.max_video_bytes,
            private_urls=deployment.settings.engine_private_urls,
            faults=faults,
            retention_s=deployment.settings.engine_keep_s,
            inference_servers=deployment.settings.inference_servers,
            cluster=deployment.settings.cluster,
            storage_url=deployment.settings.storage_url,
            storage_keys=deployment.settings.storage_keys,
            records=deployment.engine_records,
        )
    except SettingsError as error:
        sys.exit(str(error))
    for warning in health_warnings(deployment.settings):
        logging.getLogger("frametally").warning("%s %s", warning.what, warning.next_step)
    tabs = HouseLimits(open=deployment.settings.max_tabs, per_client=deployment.settings.max_tabs_per_client)
    house, slots = House(tabs), RunSlots()
    limit_runs(slots)
    bound_connections()
    beacon = make_beacon(deployment, house, slots)
    watcher = Watcher(deployment.workflow)
    rule_watch = RuleWatch(
        deployment.ledger, deployment.library, deployment.settings.results_dir, deployment.workflow.clock
    )
    memory_releaser = MemoryReleaser()

    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[None]:
        """Run the engine, the watcher, the notifier and the rule watch while the server runs."""
        asyncio.get_running_loop().slow_callback_duration = MAX_CALLBACK_S  # reported in the debug mode of asyncio
        engine.start()
        watcher.start()
        deployment.notifier.start()
        rule_watch.start()
        memory_releaser.start()
        if beacon:
            beacon.start()
        announce_routes()
        yield
        if beacon:
            beacon.stop()
        memory_releaser.stop()
        opened_shares.close()
        video_exporter().close()
        tracking_runs().close()
        deployment.library.copies.close()
        rule_watch.stop()
        deployment.notifier.stop()
        watcher.stop()
        engine.stop()

    opened_shares = OpenShares(
        deployment.shares, plotly_url=PLOTLY.url(PLOTLY_FILE), public_url=deployment.settings.public_url
    )
    library, settings, tickets = deployment.library, deployment.settings, deployment.tickets
    sources = Sources(library, settings.results_dir)
    truths = Truths(deployment.workflow.clock, partial(names_by_id, deployment.ledger), reader_pool().get)
    routes = [
        *engine.routes(),
        *library_routes(library, tickets, settings.data_dir),
        *preview_routes(library, tickets, settings.results_dir),
        *end_routes(deployment.ledger, tickets),
        *playback_routes(
            sources,
            ExactFrames(reader_pool().get, deployment.class_colors.of),
            tickets,
            settings.data_dir,
        ),
        *region_routes(
            Answers(sources, tracking_runs(), Backgrounds(reader_pool().get), tickets, deployment.class_colors.of)
        ),
        *share_routes(opened_shares, secret=deployment.link_secret, embed_sites=settings.embed_sites),
        *audit_routes(audits(), deployment.ledger, sources, tickets),
        *truth_routes(truths, sources, tickets),
        *asset_routes(SCRIPTS, PLOTLY, REGIONS, AUDIT, TRUTH),
    ]
    base = base_path()
    guard = Guard(person_of(deployment.access), lambda job_id: owners_of(deployment.ledger, [job_id]))
    app = App(
        SHELL,
        routes=starlette_routes(for_people(routes, guard), base),
        lifespan=lifespan,
        secrets=sign_in_secrets(deployment),
        middleware=server_doors(
            deployment, own_url(), base, house, [*element_preloads(), player_preloads("/analytics")]
        ),
    )
