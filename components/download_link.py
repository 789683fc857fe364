"""Downloads of files of the data folder, served by our own route instead of from Streamlit's memory."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from components.access import own_tickets
from frametally.deployment import Deployment
from frametally.library.routes import FILES_PREFIX
from frametally.storage.cached_files import kept


def download_link(deployment: Deployment, path: Path, file_name: str, label: str) -> None:
    """Draw a button that downloads this file of the data folder under the given name."""
    st.link_button(label, download_url(deployment, path, file_name), icon=":material/download:")


def download_url(deployment: Deployment, path: Path, file_name: str) -> str:
    """The URL that downloads this file of the data folder, relative because there may be a base path."""
    return f".{FILES_PREFIX}{own_tickets().for_file(kept(path).relative_to(deployment.settings.data_dir), file_name)}"
