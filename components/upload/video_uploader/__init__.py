"""Uploader for videos: resumable, in chunks, without Streamlit's own uploader.

The browser uses the tus protocol with `frametally.library.routes`; the server's memory does not grow with the file.
"""

from __future__ import annotations

import re
from pathlib import Path

import streamlit as st

from frametally.storage.file_names import KEPT_SUFFIXES
from frametally.storage.space import format_size

_ICONS = {
    "drop": '<path d="M12 16V4m0 0L7 9m5-5 5 5M4 16v3a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-3"/>',
    "film": '<rect x="3" y="5" width="18" height="14" rx="2"/><path d="m10 9 5 3-5 3z"/>',
    "check": '<circle cx="12" cy="12" r="9"/><path d="m8 12 3 3 5-6"/>',
    "alert": '<circle cx="12" cy="12" r="9"/><path d="M12 7.5V13m0 3.2v.3"/>',
}


def _icon(name: str) -> str:
    return f'<svg class="icon {name}" viewBox="0 0 24 24" aria-hidden="true">{_ICONS[name]}</svg>'


_HTML = f"""
<div class="uploader empty">
  <div class="zone">
    <label>
      <input type="file" multiple class="unseen" accept="{",".join(KEPT_SUFFIXES)}" aria-describedby="uploader-hint">
      {_icon("drop")}
      <span class="lead"><b>Choose videos</b> or drop them here</span>
    </label>
    <span class="hint" id="uploader-hint"></span>
    <button type="button" class="folder">Choose a folder</button>
  </div>
  <p class="found" aria-live="polite"></p>
  <div class="unfinished"></div>
  <p class="total"></p>
  <ul class="list" aria-label="Uploads"></ul>
  <p class="unseen" role="status"></p>
  <template>
    <li class="card">
      <div class="icons">{_icon("film")}{_icon("check")}{_icon("alert")}</div>
      <div class="what"><div class="name"></div><div class="facts"></div></div>
      <div class="actions">
        <button type="button" class="pause">Pause</button>
        <button type="button" class="resume">Resume</button>
        <button type="button" class="cancel">Cancel</button>
      </div>
      <div class="bar" role="progressbar" aria-valuemin="0" aria-valuemax="100"><div></div></div>
      <p class="reason"></p>
    </li>
  </template>
</div>
"""
_HERE = Path(__file__).parent
_SCRIPTS = ("formatting.js", "digest.js", "tus.js", "upload.js", "folder.js", "uploader.js")
_component = st.components.v2.component(
    "frametally.video_uploader",
    html=_HTML,
    css=(_HERE / "uploader.css").read_text(),
    js="\n".join((_HERE / name).read_text() for name in _SCRIPTS),
)


def video_uploader(ticket: str, *, max_video_bytes: int, key: str) -> list[str]:
    """Let the user upload videos; returns the sha256 of each uploaded video still in the list, newest last.

    The values come from the browser. They have the form of a sha256, but the library may not have such a video.

    Args:
        ticket: permission to start uploads (`Tickets.for_upload`).
        max_video_bytes: the limit to display; the server enforces it.
        key: identifies the queue, which continues across reruns and page changes.
    """
    kinds = ", ".join(suffix[1:].upper() for suffix in KEPT_SUFFIXES)
    hint = f"{kinds} up to {format_size(max_video_bytes)} each"
    result = _component(key=key, data={"key": key, "ticket": ticket, "hint": hint}, on_arrived_change=lambda: None)
    arrived = result.arrived if isinstance(result.arrived, list) else []
    return [sha256 for sha256 in arrived if isinstance(sha256, str) and re.fullmatch(r"[0-9a-f]{64}", sha256)]
