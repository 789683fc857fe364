"""Choosing the service: the built-in engine, Roboflow, or another server with the same API."""

from __future__ import annotations

from functools import partial
from typing import Final

import streamlit as st

from components.access import current_person
from components.errors import show_error
from components.session import Connection, current_connection
from frametally.client.errands import within
from frametally.contract import ROBOFLOW_API_URL
from frametally.deployment import Deployment
from frametally.errors import FrametallyError
from frametally.job import EMBEDDED
from frametally.jobs.messages import CONNECT_SLOW
from frametally.team.services import ask_workspace

_PATIENCE_S: Final = 15.0
"""Longer than for other requests, as the answer is needed here: what continued would be lost."""
_BUILT_IN, _ROBOFLOW, _CUSTOM = "Built-in engine", "Roboflow", "Custom URL"


def service_form(deployment: Deployment) -> Connection | None:
    """Let the user choose and test a service; returns the one to use from now on, None if it stays the same."""
    current = current_connection()
    ways = [_BUILT_IN, _ROBOFLOW, _CUSTOM]
    start = ways.index(_way_of(current))
    way = st.radio("Service", ways, start, horizontal=True, key="service_way", label_visibility="collapsed")
    if way == _BUILT_IN:
        st.caption("Runs on this machine with the models of the models folder. No account or API key needed.")
        return None if current.service == EMBEDDED else Connection(service=EMBEDDED, key_id="")
    url = ROBOFLOW_API_URL if way == _ROBOFLOW else _url_field(deployment, current)
    has_key = bool(deployment.settings.api_key) and url == (deployment.settings.api_url or ROBOFLOW_API_URL)
    typed = st.text_input(
        "API key",
        type="password",
        key="service_key",
        placeholder="from the settings" if has_key else "",
        help="Kept in this server's memory until it stops; never written to disk.",
        autocomplete="off",
    ).strip()
    # Never disabled: the field sends the key when it loses focus, which is often caused by the click on this button.
    clicked = st.button("Connect", type="primary", icon=":material/cable:")
    kept = deployment.settings.api_key if has_key else None  # only for the service that the settings name
    return _connect(deployment, url, typed or kept or "") if clicked else None


def _url_field(deployment: Deployment, current: Connection) -> str:
    default = current.service if _way_of(current) == _CUSTOM else deployment.settings.api_url or ""
    return st.text_input("Service URL", default, key="service_url").strip()


def _connect(deployment: Deployment, url: str, api_key: str) -> Connection | None:
    """Request the workspace of the key from the service; None, with the error shown, if that fails."""
    try:
        with st.spinner("Connecting"):
            act = partial(ask_workspace, deployment.clients, url, api_key, actor=current_person())
            api_url, workspace = within(_PATIENCE_S, url, act, then=CONNECT_SLOW)
    except FrametallyError as error:
        show_error(error)
        return None
    owner = None if api_key == deployment.settings.api_key else current_person().id
    key_id = deployment.clients.remember(api_url, api_key, owner=owner)
    return Connection(service=api_url, key_id=key_id, workspace=workspace)


def _way_of(connection: Connection) -> str:
    return {EMBEDDED: _BUILT_IN, ROBOFLOW_API_URL: _ROBOFLOW}.get(connection.service, _CUSTOM)
