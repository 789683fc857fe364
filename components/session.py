"""What a session works with: the shared deployment, its connection to a service, open results."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from components.remembered_service import remember_service, remembered_service
from frametally.access.permissions import only_owner
from frametally.analysis.placement import place_results
from frametally.config.access_mode import JobsVisible
from frametally.config.secrets import read_secrets
from frametally.config.settings import Settings
from frametally.contract import ROBOFLOW_API_URL
from frametally.deployment import Deployment, open_deployment
from frametally.errors import VideoError
from frametally.job import EMBEDDED, Job
from frametally.library.tickets import ServiceTicket
from frametally.library.video_store import StoredVideo
from frametally.network.base_path import parse_base_path, with_base_path
from frametally.rendering.video_export import VideoExporter
from frametally.results import Results, open_results
from frametally.video.damage import load_damage
from frametally.video.frame_index import load_index

_CONNECTION, _VISIT = "connection", "visit"


@dataclass(frozen=True, kw_only=True)
class Connection:
    """The service that a session submits its jobs to."""

    service: str
    key_id: str | None
    """None while no key has been entered."""
    workspace: str = ""
    """Name of the workspace that the key belongs to, as reported by the service."""

    @property
    def is_ready(self) -> bool:
        return self.key_id is not None

    @property
    def label(self) -> str:
        return service_label(self.service)


def get_deployment() -> Deployment:
    """The deployment as this session sees it: `whole_deployment`, with the ledger of the jobs that its person sees."""
    from components.access import current_person  # which needs this module

    deployment = whole_deployment()
    if deployment.settings.jobs_visible is JobsVisible.TEAM:
        return deployment
    owner = only_owner(current_person())
    return deployment if owner is None else replace(deployment, ledger=deployment.ledger.seen_by(owner))


@st.cache_resource(show_spinner=False)
def whole_deployment() -> Deployment:
    """Open the ledger, the library and the clients from the settings.

    The pages and the ASGI app share state only through it: hot reload gives each of them its own copy of a module, but
    both get the same cached deployment.
    """
    certificate = st.get_option("server.sslCertFile")
    settings = Settings.read(os.environ, _secrets())
    if settings.public_url:
        settings = replace(settings, public_url=with_base_path(settings.public_url, base_path()))
    return open_deployment(settings, own_url, Path(certificate) if certificate else None)


@dataclass
class _Server:
    has_routes: bool = False


@st.cache_resource(show_spinner=False)
def _server() -> _Server:
    return _Server()


def announce_routes() -> None:
    """State that this server has the routes of `app.py`."""
    _server().has_routes = True


def serves_routes() -> bool:
    """Whether this server has our routes; a launcher that runs `app.py` as a script serves the pages alone."""
    return _server().has_routes


def base_path() -> str:
    """The path below which Streamlit serves the app (`server.baseUrlPath`), e.g. `/tools/tally`; empty for none."""
    return parse_base_path(st.get_option("server.baseUrlPath"))


def own_url() -> str:
    """The URL of this app on this machine."""
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    address = st.get_option("server.address") or "127.0.0.1"
    host = "127.0.0.1" if address in ("0.0.0.0", "::", "localhost") else address  # noqa: S104
    return f"{scheme}://{host}:{st.get_option('server.port')}{base_path()}"


def current_connection() -> Connection:
    """The service of this session: the one that this browser chose last, by default the one of the settings."""
    if _CONNECTION not in st.session_state:
        deployment = whole_deployment()
        remembered = remembered_service(deployment.tickets)
        st.session_state[_CONNECTION] = (
            _remembered_connection(deployment, remembered) if remembered else _default_connection(deployment.settings)
        )
    connection: Connection = st.session_state[_CONNECTION]
    return connection


def use_connection(connection: Connection) -> None:
    """Use this service for the jobs of this browser from now on."""
    st.session_state[_CONNECTION] = connection
    ticket = whole_deployment().tickets.for_service(connection.service, connection.key_id or "", connection.workspace)
    remember_service(ticket)


def begin_visit(page: str) -> None:
    """Note which page this run draws; a visit lasts until another page is drawn."""
    number, visited = st.session_state.get(_VISIT, (0, ""))
    if page != visited:
        st.session_state[_VISIT] = (number + 1, page)


def visit_of(page: str) -> int | None:
    """Number of the current visit of this page; None if another one is drawn: a timer of this one can be late."""
    number, visited = st.session_state.get(_VISIT, (0, page))
    return int(number) if visited == page else None


@st.cache_resource(show_spinner=False, on_release=lambda exporter: exporter.close())
def video_exporter() -> VideoExporter:
    """The one exporter of annotated videos of this deployment."""
    return VideoExporter(whole_deployment().settings.results_dir)


@st.cache_resource(show_spinner="Loading results", max_entries=8)
def job_results(job_id: str) -> Results:
    """The results of a finished job; they never change."""
    return open_results(whole_deployment().settings.results_dir / job_id)


def placed_results(job: Job, video: StoredVideo | None) -> Results:
    """The results of a finished job, placed on the frames of its stored video, with damaged frames marked."""
    if video is None:
        return job_results(job.id)
    scanner = whole_deployment().library.damage_scanner
    try:
        if not scanner.is_known(video):
            scanner.damage(video)
        return _placed(job.id, video, is_damage_known=scanner.is_known(video))
    except (VideoError, OSError):  # the video cannot be read any more: the viewer shows the reason
        return job_results(job.id)


@st.cache_resource(show_spinner=False, max_entries=8, hash_funcs={StoredVideo: lambda video: video.sha256})
def _placed(job_id: str, video: StoredVideo, *, is_damage_known: bool) -> Results:
    index = load_index(video.place)
    return place_results(job_results(job_id), index, load_damage(video.place, index) if is_damage_known else None)


def service_label(service: str) -> str:
    """The display name of a service."""
    return {EMBEDDED: "Built-in engine", ROBOFLOW_API_URL: "Roboflow"}.get(service, service.split("://")[-1])


def _remembered_connection(deployment: Deployment, remembered: ServiceTicket) -> Connection:
    """The connection; without its key if the server has been restarted, as keys are kept in memory only."""
    from components.access import current_person  # which needs this module

    key, clients = (remembered.service, remembered.key_id), deployment.clients
    has_key = key in clients.known() and clients.serves(*key, current_person().id)
    if has_key:
        return Connection(service=remembered.service, key_id=remembered.key_id, workspace=remembered.workspace)
    default = _default_connection(deployment.settings)
    return default if default.service == remembered.service else Connection(service=remembered.service, key_id=None)


def _default_connection(settings: Settings) -> Connection:
    if settings.api_url is None:
        return Connection(service=EMBEDDED, key_id="")
    key_id = whole_deployment().clients.remember(settings.api_url, settings.api_key) if settings.api_key else None
    return Connection(service=settings.api_url, key_id=key_id)


def _secrets() -> dict[str, object]:
    """Streamlit's secrets; empty without a secrets file.

    Raises:
        SettingsError: a secrets file cannot be read. Streamlit would ignore it, and the wrong ledger might be opened.
    """
    return read_secrets() | (dict(st.secrets) if st.secrets.load_if_toml_exists() else {})
