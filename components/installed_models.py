"""The models that a service lists."""

from __future__ import annotations

import streamlit as st

from components.errors import show_error
from components.session import Connection, get_deployment
from frametally.contract import ModelInfo
from frametally.errors import FrametallyError
from frametally.job import EMBEDDED


def installed_models(connection: Connection) -> list[ModelInfo]:
    """The models of the built-in engine; empty for other services, and if it does not respond (an error is shown)."""
    answer = _list_models(connection)
    if isinstance(answer, FrametallyError):
        show_error(answer)
        return []
    return answer


@st.cache_data(ttl=10, show_spinner=False)
def _list_models(connection: Connection) -> list[ModelInfo] | FrametallyError:
    """The models, or the error: it is returned because a raised one is not cached, and each rerun would try again."""
    # The built-in engine of this dashboard, also for a job that ran in that of another one.
    client = get_deployment().clients.client(EMBEDDED, "") if connection.service == EMBEDDED else None
    try:
        return client.list_models(retry=False) if client else []
    except FrametallyError as error:
        return error
