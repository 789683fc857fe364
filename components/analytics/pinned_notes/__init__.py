"""Notes pinned to moments: a form for the current frame, and the list, which leads to each of them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.elements.lib.mutable_popover_container import PopoverContainer

from components.access import current_person, is_allowed
from components.analytics.pinned_notes.placed_notes import PlacedNote, key_of_entry
from components.analytics.view_picker import go_to
from components.errors import show_error
from components.formatting import escape_markdown, format_time
from frametally.access.permissions import Action
from frametally.analysis.view import View
from frametally.deployment import Deployment
from frametally.errors import FrametallyError
from frametally.ledger.moment_notes import MAX_NOTE_CHARS, MomentNote
from frametally.library.video_store import StoredVideo
from frametally.team.notes import pin_note, remove_note, restore_note

_TEXT, _REMOVED = "pinned_text", "removed_note"
_MAX_CHIPS, _MAX_CHIP_CHARS = 4, 40


def notes_button(notes: Sequence[PlacedNote]) -> PopoverContainer:
    """Draw the button that opens form and list."""
    label = f"Notes at moments ({len(notes)})" if notes else "Add note here"
    return st.popover(label, icon=":material/add_comment:", key="pinned_notes", on_change="rerun")


def note_chips(notes: Sequence[PlacedNote]) -> int | None:
    """Draw the first notes as small buttons; returns the entry of the one that was clicked."""
    chosen = None
    for placed in notes[:_MAX_CHIPS]:
        text = placed.note.text
        short = text if len(text) <= _MAX_CHIP_CHARS else f"{text[:_MAX_CHIP_CHARS]}…"
        label = f"{format_time(placed.time_s)} {escape_markdown(short)}"
        if st.button(label, icon=":material/comment:", type="tertiary", key=f"chip-{placed.note.id}"):
            chosen = placed.entry
    if len(notes) > _MAX_CHIPS:
        st.caption(f"and {len(notes) - _MAX_CHIPS} more", width="content")
    return chosen


def note_editor(
    deployment: Deployment, view: View, video: StoredVideo | None, entry: int, notes: Sequence[PlacedNote]
) -> None:
    """Draw the form for the current frame, and the list."""
    time = format_time(float(view.results.time_s[entry]))
    with st.form("pin_note", border=False, clear_on_submit=True):
        text = st.text_input(f"Note at {time}", key=_TEXT, max_chars=MAX_NOTE_CHARS, placeholder="Camera was moved")
        locked = not is_allowed(Action.PIN_NOTE)
        if st.form_submit_button("Pin note", icon=":material/push_pin:", disabled=locked):
            _pin(deployment, view, video, entry, text)
    _undo(deployment)
    for placed in notes:
        _row(deployment, placed)


def _pin(deployment: Deployment, view: View, video: StoredVideo | None, entry: int, text: str) -> None:
    key = key_of_entry(view, video, entry)
    try:
        pin_note(deployment.ledger, key.video, key.time, text, actor=current_person())
    except FrametallyError as error:
        show_error(error)
        return
    st.rerun()


def _row(deployment: Deployment, placed: PlacedNote) -> None:
    time = format_time(placed.time_s)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(time, type="tertiary", key=f"go-{placed.note.id}", help="Show this frame"):
            go_to(entry=placed.entry)
        st.markdown(escape_markdown(placed.note.text))
        if st.button(
            "Delete",
            icon=":material/delete:",
            type="tertiary",
            key=f"delete-{placed.note.id}",
            help=f"Note at {time}",
            disabled=not is_allowed(Action.REMOVE_NOTE, placed.note.actor),
        ):
            st.session_state[_REMOVED] = remove_note(deployment.ledger, placed.note, actor=current_person())
            st.rerun()


def _undo(deployment: Deployment) -> None:
    """Offer to restore the note that this session removed last."""
    removed: MomentNote | None = st.session_state.get(_REMOVED)
    if removed is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Note deleted.", width="content")
        if st.button("Undo", icon=":material/undo:", key="restore_note"):
            restore_note(deployment.ledger, removed, actor=current_person())
            del st.session_state[_REMOVED]
            st.rerun()
