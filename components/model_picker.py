"""Choosing models: the team's presets, and what the built-in engine has."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.errors import show_error
from components.session import Connection, get_deployment
from frametally.contract import ModelInfo
from frametally.errors import FrametallyError
from frametally.job import EMBEDDED, ModelChoice
from frametally.ledger.ledger import Preset


def model_picker(presets: Sequence[Preset], installed: Sequence[ModelInfo], *, key: str) -> list[ModelChoice]:
    """Let the person pick one or several models; returns them in the order they were picked."""
    choices = {f"{preset.name} · {preset.model.label}": preset.model for preset in presets}
    choices |= {_label(info): _choice(info) for info in installed}
    first = next(iter(choices), None)
    if first is None:
        st.info("No model yet: save one on **Configuration**.", icon=":material/info:")
        return []
    picked = st.multiselect("Models", list(choices), default=[first], key=key, placeholder="Pick one or several")
    return [choices[name] for name in picked]


def installed_models(connection: Connection) -> list[ModelInfo]:
    """The models that the service lists; none, with a notice, where it does not answer."""
    try:
        return _listed_models(connection)
    except FrametallyError as error:
        show_error(error)
        return []


@st.cache_data(ttl=10, show_spinner=False)
def _listed_models(connection: Connection) -> list[ModelInfo]:
    client = get_deployment().clients.client(connection.service, connection.key_id or "")
    return client.list_models(retry=False) if client and connection.service == EMBEDDED else []


def _label(info: ModelInfo) -> str:
    """What it looks for; of a model on another server only the type is known."""
    classes = info.classes[0] if len(info.classes) == 1 else f"{len(info.classes)} classes"
    return f"{info.model_id}/{info.model_version} · {classes if info.classes else info.inference_type}"


def _choice(info: ModelInfo) -> ModelChoice:
    return ModelChoice(model_id=info.model_id, version=info.model_version, inference_type=info.inference_type)
