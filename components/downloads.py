"""Files of the data folder, fetched from our own route and never through the page's memory."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from frametally.deployment import Deployment
from frametally.library.routes import FILES_PREFIX


def download_link(deployment: Deployment, path: Path, file_name: str, label: str) -> None:
    """A button that saves a file of the data folder under this name."""
    ticket = deployment.tickets.for_file(path.relative_to(deployment.settings.data_dir), file_name)
    st.link_button(label, f".{FILES_PREFIX}{ticket}", icon=":material/download:")  # relative: maybe below a path
