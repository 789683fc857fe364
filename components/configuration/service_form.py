"""Choosing the service: the built-in engine, Roboflow, or another server that speaks the same API."""

from __future__ import annotations

import streamlit as st

from components.errors import escape_markdown, show_error
from components.session import Connection, current_connection
from frametally.client.client import VideoInferenceClient
from frametally.contract import ROBOFLOW_API_URL
from frametally.deployment import Deployment
from frametally.errors import FrametallyError, SettingsError
from frametally.job import EMBEDDED
from frametally.network.urls import parse_service_url

_BUILT_IN, _ROBOFLOW, _OTHER = "Built-in engine", "Roboflow", "Another URL"


def service_form(deployment: Deployment) -> Connection | None:
    """Let the person choose and test a service; returns the one to use from now on, None while nothing changes."""
    current = current_connection()
    ways = [_BUILT_IN, _ROBOFLOW, _OTHER]
    start = ways.index(_way_of(current))
    way = st.radio("Service", ways, start, horizontal=True, key="service_way", label_visibility="collapsed")
    if way == _BUILT_IN:
        st.caption("Runs on this machine, on models in the models folder. No account, no key.")
        return None if current.service == EMBEDDED else Connection(service=EMBEDDED, key_id="")
    address = ROBOFLOW_API_URL if way == _ROBOFLOW else _address_field(deployment)
    has_key = bool(deployment.settings.api_key) and address == (deployment.settings.api_url or ROBOFLOW_API_URL)
    typed = st.text_input(
        "API key",
        type="password",
        key="service_key",
        placeholder="from the settings of this deployment" if has_key else "",
        help="Kept in this server's memory until it stops; never written to disk.",
        autocomplete="off",
    ).strip()
    # Never disabled: a key counts as typed only when its field is left, often by the very click on this button.
    tested = st.button("Test and use", type="primary", icon=":material/cable:")
    kept = deployment.settings.api_key if has_key else None  # for its own service only
    return _test(deployment, address, typed or kept or "") if tested else None


def _address_field(deployment: Deployment) -> str:
    return st.text_input("Address of the service", deployment.settings.api_url or "", key="service_url").strip()


def _test(deployment: Deployment, address: str, api_key: str) -> Connection | None:
    """Ask which workspace the key opens."""
    try:
        api_url = parse_service_url(address)
        if not api_key:
            raise SettingsError("There is no API key yet.", "Type it into its field.")
        with st.spinner("Asking the service"):
            workspace = VideoInferenceClient(api_url, api_key).open_workspace(retry=False)
    except FrametallyError as error:
        show_error(error)
        return None
    st.success(f"The key opens the workspace **{escape_markdown(workspace)}**.", icon=":material/check_circle:")
    return Connection(service=api_url, key_id=deployment.clients.remember(api_url, api_key), workspace=workspace)


def _way_of(connection: Connection) -> str:
    return {EMBEDDED: _BUILT_IN, ROBOFLOW_API_URL: _ROBOFLOW}.get(connection.service, _OTHER)
