"""The service that new jobs run on, with the models of the built-in engine."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.access import is_allowed
from components.configuration.service_form import service_form
from components.formatting import escape_markdown, plural
from components.installed_models import installed_models
from components.session import Connection, current_connection, use_connection
from frametally.access.permissions import Action
from frametally.contract import ModelInfo
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
    installed = installed_models(connection)
    rows = [{"Model": _label(info), "Classes": ", ".join(info.classes)} for info in installed if not info.refusal]
    if rows:
        st.dataframe(rows, hide_index=True)
    if refused := refused_models(installed):
        st.warning(refused, icon=":material/warning:")
    st.caption("To add a model, copy its ONNX file to `<models folder>/<model ID>/<version>/model.onnx`.")


def refused_models(installed: Sequence[ModelInfo]) -> str:
    """Markdown: the models that cannot be used, each with the reason; empty if all can be."""
    refused = [info for info in installed if info.refusal]
    if not refused:
        return ""
    return "\n".join([f"{plural(len(refused), 'model')} cannot be used:", "", *map(_refusal, refused)])


def _refusal(info: ModelInfo) -> str:
    """The reason as an item of a list; it begins with the name of most models."""
    reason = f"{info.refusal.removeprefix(_label(info)).strip()} {info.next_step}".strip().replace("`", "")
    return f"- **{escape_markdown(_label(info))}** {escape_markdown(reason)}"


def _label(info: ModelInfo) -> str:
    return f"{info.model_id}/{info.model_version}"
