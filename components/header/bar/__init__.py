"""The component of the bar: search (Ctrl+K), service in use, theme, help. It stays in place while pages change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import streamlit as st

from components.job_status import BADGE_CSS
from components.web.own_root import component_with_own_root
from frametally.config.version import version

KEY = "header_bar"
_HERE = Path(__file__).parent
_SEARCH = '<circle cx="11" cy="11" r="6.5"/><path d="m16 16 4.5 4.5"/>'
_MOON = '<path d="M19.5 14.5A8 8 0 0 1 9.500 4.500a8 8 0 1 0 10 10z"/>'
_HELP = (
    '<circle cx="12" cy="12" r="9"/><path d="M9.6 9.5a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.2.9-1.2 1.8"/>'
    '<path d="M12 16.8v.2"/>'
)
_HTML = f"""
<div class="bar" role="group" aria-label="Search, service, theme and help">
  <button type="button" class="search" aria-keyshortcuts="Control+K Meta+K" aria-label="Search jobs">
    <svg viewBox="0 0 24 24" aria-hidden="true">{_SEARCH}</svg><span>Search jobs…</span><kbd></kbd>
  </button>
  <button type="button" class="service" aria-label="Service"><i></i><span></span></button>
  <button type="button" class="theme" aria-label="Dark theme" aria-pressed="false">
    <svg viewBox="0 0 24 24" aria-hidden="true">{_MOON}</svg>
  </button>
  <button type="button" class="help" aria-label="Help" title="Help · Frametally {version()}">
    <svg viewBox="0 0 24 24" aria-hidden="true">{_HELP}</svg>
  </button>
</div>
<dialog aria-label="Search jobs">
  <input type="search" role="combobox" aria-label="Search jobs" aria-expanded="true" aria-controls="found"
    aria-autocomplete="list" autocomplete="off" spellcheck="false" placeholder="Search by name, tag, note, model or ID">
  <div id="found" role="listbox" aria-label="Jobs"></div>
  <p role="status"></p>
</dialog>
"""
_component = component_with_own_root(
    "frametally.header_bar",
    html=_HTML,
    css=(_HERE / "bar.css").read_text() + BADGE_CSS,
    scripts=[_HERE / name for name in ("theme.js", "theme_switch.js", "search.js", "bar.js")],
)
_PAGES = ("configuration", "help")


class FoundJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job that matches the search; every text is plain."""

    id: str
    name: str
    model: str
    status: str
    color: str
    created: str
    thumbnail: str


@dataclass(frozen=True)
class BarEvent:
    """What the user chose; each is empty if nothing of it."""

    page: str = ""
    job_id: str = ""


def bar(
    *, service: str, is_ready: bool, text: str | None, found: Sequence[FoundJob], on_search: Callable[[str], None]
) -> BarEvent:
    """Draw the bar; returns what the user chose.

    Args:
        service: the service that runs new jobs.
        is_ready: whether it can be used.
        text: what `found` matches; None without a search, which leaves the jobs that are shown.
        found: the jobs to show.
        on_search: called before the next run with another text.
    """
    data = {"service": service, "is_ready": is_ready, "text": text, "found": msgspec.to_builtins(found)}

    def report_search() -> None:
        text = st.session_state[KEY].get("search")
        if isinstance(text, str):
            on_search(text)

    result = _component(
        key=KEY, data=data, on_search_change=report_search, on_go_change=_ignore, on_open_change=_ignore
    )
    return BarEvent(
        page=result.go if result.go in _PAGES else "", job_id=result.open if isinstance(result.open, str) else ""
    )


def _ignore() -> None:
    """Triggers are read from the result of the same run."""
