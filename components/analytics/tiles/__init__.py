"""The numbers at the top of a view; a click on one shows its moment in the player."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import streamlit as st

from components.analytics.audit.book import audited
from components.analytics.cached_counts import cached_counts, cached_extremes, cached_totals
from components.analytics.sections import open_comparison
from components.analytics.sections.compare.compared import picked_other
from components.analytics.sections.totals_table import CORRECTED_MEANING
from components.analytics.view_address import filter_query, view_url
from components.formatting import format_time
from components.session import serves_routes
from frametally.analysis.comparison import DEFINITIONS as COMPARED
from frametally.analysis.highlights import DEFINITIONS, Highlights, highlights
from frametally.analysis.view import View
from frametally.audit.estimates import Estimate
from frametally.deployment import Deployment
from frametally.library.video_store import StoredVideo
from frametally.rendering.audits.report import Report

_AGREEMENT: Final = "Model agreement"
_CORRECTED: Final = "Corrected mean"
_HERE: Final = Path(__file__).parent
_component = st.components.v2.component(
    "frametally.tiles",
    html='<div class="tiles"></div>',
    css=(_HERE / "tiles.css").read_text(),
    js=(_HERE / "tiles.js").read_text(),
)


class Tile(msgspec.Struct, frozen=True, kw_only=True):
    """One number."""

    name: str
    """A key of the definitions."""
    value: str
    detail: str = ""
    color: str = ""
    """Of the class that the number is about."""
    leads: bool = False
    """Whether a click shows a moment."""


def tiles(deployment: Deployment, view: View, video: StoredVideo | None, colors: Mapping[str, str]) -> int | None:
    """Draw the numbers of a view with boxes; returns the entry of the moment that the user wants to see.

    The browser asks our route for the agreement of two models, which takes long to compute.
    """
    if not view.table.kind.has_boxes:
        return None
    found = highlights(view, cached_counts(view), cached_totals(view))
    if found is None:
        return None
    other = picked_other(view) if serves_routes() else None
    checked = audited(deployment, view, video)
    shown = [*_tiles(found, checked, colors), *([] if other is None else [_agreement(other)])]
    data = {
        "tiles": msgspec.to_builtins(shown),
        "meanings": DEFINITIONS | {_CORRECTED: CORRECTED_MEANING, _AGREEMENT: COMPARED["Agreement"]},
        "agreement": None if other is None else _agreement_url(deployment, view, video, other),
    }
    chosen = _component(key="tiles", data=data, on_moment_change=lambda: None).moment
    if chosen == _AGREEMENT:
        open_comparison()
    if chosen == "Peak":
        return max(cached_extremes(view), key=lambda row: row.peak).peak_entry
    if chosen == "Busiest" and found.busiest:
        return _first_analyzed(view, found.busiest.first_s)
    return None


def _tiles(found: Highlights, checked: Report | None, colors: Mapping[str, str]) -> list[Tile]:
    peak = Tile(
        name="Peak",
        value=f"{found.peak:,}",
        detail=found.peak_class if found.peak else "",
        color=colors.get(found.peak_class, "") if found.peak else "",
        leads=found.peak > 0,
    )
    some = [peak]
    if found.busiest:
        when = f"{format_time(found.busiest.first_s)} to {format_time(found.busiest.last_s)}"
        some.append(Tile(name="Busiest", value=when, detail=f"{found.busiest.mean:.1f} per frame", leads=True))
    some.append(Tile(name="Mean", value=f"{found.mean:.1f}", detail="per frame"))
    if checked and (mean := checked.rows[-1].mean):
        some.append(_corrected(mean, is_preliminary=checked.is_preliminary))
    some.append(Tile(name="Classes", value=f"{found.classes:,}", detail="with detections"))
    return some


def _corrected(mean: Estimate, *, is_preliminary: bool) -> Tile:
    low, high = mean.interval
    level = "preliminary" if is_preliminary else "95 %"
    return Tile(name=_CORRECTED, value=f"{mean.corrected:.2f}", detail=f"{level}: {low:.2f} to {high:.2f}")


def _agreement(other: str) -> Tile:
    """Its value is known to the browser."""
    return Tile(name=_AGREEMENT, value="…", detail=f"with {other}", leads=True)


def _agreement_url(deployment: Deployment, view: View, video: StoredVideo | None, other: str) -> str:
    return f"{view_url(deployment, view, video)}agreement?{filter_query(view, other=other)}"


def _first_analyzed(view: View, time_s: float) -> int | None:
    """The first analyzed entry at or after a time."""
    first = int(np.searchsorted(view.results.time_s, time_s))
    known = np.flatnonzero(view.table.analyzed[first : view.entries.stop])
    return first + int(known[0]) if len(known) else None
