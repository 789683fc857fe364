"""Downloads of files of the data folder, served by our own route instead of from Streamlit's memory."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from frametally.deployment import Deployment
from frametally.library.routes import FILES_PREFIX


def download_link(deployment: Deployment, path: Path, file_name: str, label: str) -> None:
    """Draw a button that downloads this file of the data folder under the given name."""
    ticket = deployment.tickets.for_file(path.relative_to(deployment.settings.data_dir), file_name)
    st.link_button(label, f".{FILES_PREFIX}{ticket}", icon=":material/download:")  # relative: there may be a base path
