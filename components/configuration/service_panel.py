"""The service that new jobs run on, with the models of the built-in engine."""

from __future__ import annotations

import streamlit as st

from components.access import is_allowed
from components.configuration.service_form import service_form
from components.formatting import escape_markdown
from components.installed_models import installed_models
from components.session import Connection, current_connection, use_connection
from frametally.access.permissions import Action
from frametally.deployment import Deployment
from frametally.job import EMBEDDED


def service_panel(deployment: Deployment) -> None:
    """Let the user choose a service, and show the one in use."""
    chosen = service_form(deployment) if is_allowed(Action.CONNECT) else None
    if chosen:
        use_connection(chosen)
    if chosen and chosen.workspace:
        st.success(f"Connected to workspace **{escape_markdown(chosen.workspace)}**.", icon=":material/check_circle:")
    connection = current_connection()
    label = escape_markdown(connection.label)
    workspace = f" · workspace **{escape_markdown(connection.workspace)}**" if connection.workspace else ""
    if connection.is_ready:
        st.info(f"New jobs run on: **{label}**{workspace}", icon=":material/dns:")
    else:
        st.warning(f"**{label}** needs an API key.", icon=":material/key:")
    if connection.service == EMBEDDED:
        _models(connection)


def _models(connection: Connection) -> None:
    rows = [
        {"Model": f"{info.model_id}/{info.model_version}", "Classes": info.refusal or ", ".join(info.classes)}
        for info in installed_models(connection)
    ]
    if rows:
        st.dataframe(rows, hide_index=True)
    st.caption("To add a model, copy its ONNX file to `<models folder>/<model ID>/<version>/model.onnx`.")
