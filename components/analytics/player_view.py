"""The player of a view, and the page's address, which holds what the player shows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import msgspec
import streamlit as st

from components.access import own_tickets
from components.analytics.audit.book import corrected
from components.analytics.cached_counts import VIEW_HASH
from components.analytics.charts.corrected import Corrected, add_corrected
from components.analytics.charts.note_marks import add_note_marks
from components.analytics.charts.timeline_options import link_of, options_in_link, start_of, valid_options
from components.analytics.charts.view_figure import Recording, view_figure
from components.analytics.frame_stepper import entry_in_link
from components.analytics.frame_viewer import frame_details
from components.analytics.inline_times import inline_times
from components.analytics.overview import Picked, band_switch, summary
from components.analytics.pinned_notes import note_editor, notes_button
from components.analytics.pinned_notes.placed_notes import PlacedNote
from components.analytics.scan_note import scan_note
from components.analytics.view_address import view_ticket, view_url
from components.analytics.view_picker import COMMAND_KEY, class_editor, in_hundredths, set_link
from components.player import (
    ClassLook,
    NoteMark,
    OtherModel,
    PlayedVideo,
    PlayerData,
    PlayerState,
    player,
    player_state,
)
from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.view import View
from frametally.analysis.view_spec import DEFAULT_CONFIDENCE
from frametally.deployment import Deployment
from frametally.library.routes import FILES_PREFIX
from frametally.library.video_store import StoredVideo
from frametally.results import Kind
from frametally.video.recording_start import recording_start

_KEY = "player"


def played_view(
    deployment: Deployment,
    view: View,
    video: StoredVideo | None,
    colors: Mapping[str, str],
    notes: Sequence[PlacedNote] = (),
) -> tuple[Picked, int]:
    """Draw the player and what belongs to it; returns what was picked in a further chart, and the current entry."""
    with st.container():  # without its own place, the note would move the player, which then begins again
        if video is not None:
            scan_note(deployment.library, video)
    above = st.container()
    with st.container(key="player_tools", horizontal=True, vertical_alignment="center"):
        with_band = view.table.kind.has_boxes and band_switch()
        class_editor(view.table.classes)
        pinned = notes_button(notes)
        frame = st.popover("This frame", icon=":material/image_search:", key="frame_details", on_change="rerun")
    # Not in a fragment: one with an outdated view would show it, and one that draws nothing would remove the player.
    with above:
        entry = player_view(deployment, view, video, colors, with_band=with_band, notes=notes)
    if pinned.open:
        with pinned:
            note_editor(deployment, view, video, entry, notes)
    if frame.open:
        with frame:
            frame_details(view, video, entry, colors)
    return summary(view, colors, entry), entry


def player_view(
    deployment: Deployment,
    view: View,
    video: StoredVideo | None,
    colors: Mapping[str, str],
    *,
    with_band: bool,
    notes: Sequence[PlacedNote] = (),
) -> int:
    """Draw the player, with marks of the notes; returns the entry of the current frame."""
    whole = replace(view, classes=ClassMapping(view.classes.renames))
    entry = entry_in_link(view)
    ticket = view_ticket(deployment, whole, video)
    sent = player_state(_KEY)
    options = options_in_link()
    key = hashlib.sha256(msgspec.json.encode(ticket)).hexdigest()[:16]
    data = PlayerData(
        id=key,
        times=inline_times(key, whole, video),
        view=view_url(deployment, whole, video),
        video=_played(deployment, video) if video else None,
        classes=tuple(ClassLook(name, colors[name]) for name in whole.names),
        has_boxes=view.table.kind.has_boxes,
        kind=view.table.kind.name.lower(),
        model=view.model,
        others=_others(deployment, whole, video),
        targets=_targets(view),
        figure=_figure_json(
            view,
            whole,
            dict(colors),
            entry if view.table.kind is Kind.CLIP else 0,
            with_band=with_band,
            bucket_s=options.bucket_s,
            recording=_recording(options.start, video),
            notes_s=tuple(placed.time_s for placed in notes),
            checked=corrected(deployment, view, video),
        ),
        notes=tuple(NoteMark(placed.time_s, placed.note.text) for placed in notes),
        state=PlayerState(
            seq=sent.seq if sent else 0,
            command=st.session_state.get(COMMAND_KEY, 0),
            entry=entry,
            confidence=view.confidence,
            classes=view.classes.shown,
            window=view.time_range_s,
            chart=options.chart,
            bucket_s=options.bucket_s,
            clock=options.clock,
            start=options.start,
        ),
    )
    player(data, key=_KEY, on_change=_take_over)
    return entry


def _take_over() -> None:
    """Write the state of the browser to the address."""
    state = player_state(_KEY)
    if state is None:
        return
    set_link(
        frame=str(state.entry),
        confidence=None if state.confidence == DEFAULT_CONFIDENCE else f"{state.confidence:g}",
        classes=list(state.classes) if state.classes else None,
        window=[f"{edge_s:.2f}" for edge_s in in_hundredths(*state.window)] if state.window else None,
        **link_of(
            valid_options(chart=state.chart, bucket_s=state.bucket_s, clock=state.clock, start=state.start),
        ),
    )


def _played(deployment: Deployment, video: StoredVideo) -> PlayedVideo:
    ticket = own_tickets().for_file(video.place.relative_to(deployment.settings.data_dir))
    return PlayedVideo(video.sha256, f".{FILES_PREFIX}{ticket}", video.info.displayed_wh)


def _targets(view: View) -> tuple[str, ...]:
    if not view.table.kind.has_boxes:
        return ()
    several = sum(table.kind.has_boxes for table in view.results.models.values()) > 1
    return ("peak", "disagreement") if several else ("peak",)


def _others(deployment: Deployment, whole: View, video: StoredVideo | None) -> tuple[OtherModel, ...]:
    """The other models with boxes, with all of their classes."""
    models = (model for model, table in whole.results.models.items() if table.kind.has_boxes and model != whole.model)
    views = [replace(whole, model=model) for model in models if whole.table.kind.has_boxes]
    return tuple(_other(deployment, view, video) for view in views)


def _other(deployment: Deployment, view: View, video: StoredVideo | None) -> OtherModel:
    colors = deployment.class_colors.of(view.names)
    return OtherModel(
        view.model, view_url(deployment, view, video), tuple(ClassLook(name, colors[name]) for name in view.names)
    )


def _recording(typed: str, video: StoredVideo | None) -> Recording | None:
    if start := start_of(typed):
        return Recording(start, is_typed=True)
    start = _start_in_file(video.place) if video else None
    return Recording(start, is_typed=False) if start else None


@st.cache_data(show_spinner=False, max_entries=200)
def _start_in_file(path: Path) -> datetime | None:
    return recording_start(path)


@st.cache_data(show_spinner=False, max_entries=50, hash_funcs=VIEW_HASH)
def _figure_json(
    view: View,
    whole: View,
    colors: dict[str, str],
    entry: int,
    *,
    with_band: bool,
    bucket_s: float | None,
    recording: Recording | None,
    notes_s: tuple[float, ...],
    checked: tuple[Corrected, ...],
) -> str:
    figure = view_figure(view, whole, colors, entry, with_band=with_band, bucket_s=bucket_s, recording=recording)
    add_note_marks(figure, notes_s)
    if checked:
        add_corrected(figure, checked, {name: code for code, name in enumerate(whole.names)}, colors)
    return str(figure.to_json())
