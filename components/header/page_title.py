"""The title of the browser tab: the job, the page, and how many jobs have ended in the meantime."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from frametally.config.version import version
from frametally.errors import JobError
from frametally.ledger.ledger import Ledger

_ICON = str(Path(__file__).parents[1] / "assets/mark.svg")
_TITLE = "tab_title"
_ABOUT = f"**Frametally {version()}**\n\nCounts in video that you can check, frame by frame."


def start_page_title() -> None:
    """Set the icon of the tab, and its title until the page is known."""
    st.set_page_config(page_title="Frametally", page_icon=_ICON, layout="wide", menu_items={"About": _ABOUT})


def set_page_title(page: str, ledger: Ledger, drawn: str = "") -> str:
    """Name the page, and the job of the address if it has one; returns the title. `drawn`: that of this run so far."""
    name = _job_name(ledger, st.query_params.get("job"))
    title = " · ".join(part for part in (name, page, "Frametally") if part)
    if title != drawn:
        st.session_state[_TITLE] = title
        st.set_page_config(page_title=title)
    return title


def set_ended_title(ended: int) -> None:
    """Put the number of jobs that have ended since the last action before the title."""
    title = st.session_state.get(_TITLE, "Frametally")
    st.set_page_config(page_title=f"({ended} ended) {title}")


def _job_name(ledger: Ledger, job_id: str | None) -> str:
    try:
        return ledger.job(job_id).video_name if job_id else ""
    except JobError:  # the page explains it
        return ""
