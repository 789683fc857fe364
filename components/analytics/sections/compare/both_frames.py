"""The current frame as both models saw it, side by side, from the exact frames of their views."""

from __future__ import annotations

import html
from dataclasses import replace

import streamlit as st

from components.analytics.view_address import filter_query, view_url
from components.formatting import format_time
from frametally.analysis.view import View
from frametally.deployment import Deployment
from frametally.library.video_store import StoredVideo

_STYLE = """<style>
.both-frames { display: grid; grid-template-columns: repeat(auto-fit, minmax(280px, 1fr)); gap: 0.75rem; }
.both-frames figure { margin: 0; }
.both-frames img { width: 100%; aspect-ratio: var(--aspect); background: #000; border-radius: 0.4rem; }
.both-frames figcaption { font-size: 0.875rem; padding-top: 0.2rem; }
</style>"""


def both_frames(deployment: Deployment, view: View, other_model: str, video: StoredVideo, entry: int) -> None:
    """Draw both pictures, with a threshold and classes alike."""
    width_px, height_px = video.info.displayed_wh
    time = format_time(float(view.results.time_s[entry]))
    figures = "".join(
        _figure(deployment, each, video, entry, time) for each in (view, replace(view, model=other_model))
    )
    st.html(f'{_STYLE}<div class="both-frames" style="--aspect: {width_px}/{height_px}">{figures}</div>')


def _figure(deployment: Deployment, view: View, video: StoredVideo, entry: int, time: str) -> str:
    query = filter_query(view, with_window=False)
    source = html.escape(f"{view_url(deployment, view, video)}frames/{entry}.jpg?{query}", quote=True)
    name = html.escape(view.model)
    missing = "" if view.table.analyzed[entry] else " · not analyzed"
    return (
        f'<figure><img src="{source}" alt="Frame at {time} with the detections of {name}">'
        f"<figcaption><b>{name}</b> at {time}{missing}</figcaption></figure>"
    )
