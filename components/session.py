"""Every session-state key, and the workbench that all sessions of this process share."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from frametally.config.secrets import read_secrets
from frametally.config.settings import Settings
from frametally.contract import ROBOFLOW_API_URL
from frametally.deployment import Deployment, open_deployment
from frametally.job import EMBEDDED
from frametally.rendering.video_export import VideoExporter
from frametally.results import Results, open_results

_CONNECTION = "connection"


@dataclass(frozen=True, kw_only=True)
class Connection:
    """The service that a session sends its jobs to."""

    service: str
    key_id: str | None
    """None where a key is still to be given."""
    workspace: str = ""
    """What the key opens, as the service said when it was tested."""

    @property
    def is_ready(self) -> bool:
        return self.key_id is not None

    @property
    def label(self) -> str:
        return service_label(self.service)


@st.cache_resource(show_spinner=False)
def get_deployment() -> Deployment:
    """Open the ledger, the kept videos and the services from the settings.

    The one thing that the pages and the ASGI side share: hot reload gives each of them its own copy of a module, but
    both reach the same cached workbench.
    """
    certificate = st.get_option("server.sslCertFile")
    return open_deployment(Settings.read(os.environ, _secrets()), own_url, Path(certificate) if certificate else None)


def own_url() -> str:
    """Where this very server answers on this machine."""
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    address = st.get_option("server.address") or "127.0.0.1"
    host = "127.0.0.1" if address in ("0.0.0.0", "::", "localhost") else address  # noqa: S104
    return f"{scheme}://{host}:{st.get_option('server.port')}"


def current_connection() -> Connection:
    """The service of this session: the one chosen on Configuration, else the one of the settings."""
    chosen: Connection | None = st.session_state.get(_CONNECTION)
    return chosen or _default_connection(get_deployment().settings)


def current_actor() -> str | None:
    """Who uses this session: recorded as the owner of new jobs and with every action. None until there is a sign-in."""
    return None


def use_connection(connection: Connection) -> None:
    """Send this session's jobs to this service from now on."""
    st.session_state[_CONNECTION] = connection


@st.cache_resource(show_spinner=False, on_release=lambda made: made.close())
def video_exporter() -> VideoExporter:
    """The annotated videos of this deployment, and the process that makes one."""
    return VideoExporter(get_deployment().settings.results_dir)


@st.cache_resource(show_spinner="Reading the results", max_entries=8)
def job_results(job_id: str) -> Results:
    """The archived results of a finished job; they never change."""
    return open_results(get_deployment().settings.results_dir / job_id)


def service_label(service: str) -> str:
    """A service as people call it."""
    return {EMBEDDED: "Built-in engine", ROBOFLOW_API_URL: "Roboflow"}.get(service, service.split("://")[-1])


def _default_connection(settings: Settings) -> Connection:
    if settings.api_url is None:
        return Connection(service=EMBEDDED, key_id="")
    key_id = get_deployment().clients.remember(settings.api_url, settings.api_key) if settings.api_key else None
    return Connection(service=settings.api_url, key_id=key_id)


def _secrets() -> dict[str, object]:
    """Streamlit's secrets; none where there is no such file.

    Raises:
        SettingsError: there is one that cannot be read; Streamlit would go on without it, and with another ledger.
    """
    return read_secrets() | (dict(st.secrets) if st.secrets.load_if_toml_exists() else {})
