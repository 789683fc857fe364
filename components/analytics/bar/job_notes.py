"""The note and the tags of a job, with a form to change them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.access import current_person, is_allowed
from components.analytics.pinned_notes import note_chips
from components.analytics.pinned_notes.placed_notes import PlacedNote
from components.errors import show_error, show_errors
from components.formatting import escape_markdown
from frametally.access.permissions import Action
from frametally.deployment import Deployment
from frametally.errors import FrametallyError
from frametally.job import Job
from frametally.ledger.tags import all_tags, tags_of
from frametally.team.notes import change_tags, write_note

_MAX_NOTE_CHARS = 2000
_OPEN = "job_notes"


@st.fragment
@show_errors()
def job_notes_editor(deployment: Deployment, job: Job) -> None:
    """Draw a button that opens the form; its content is computed only while it is open."""
    with st.popover(
        "Notes", icon=":material/sell:", key=_OPEN, on_change="rerun", help="Note and tags of this job"
    ) as form:
        if form.open:
            _form(deployment, deployment.ledger.job(job.id))


def job_notes_line(deployment: Deployment, job: Job, pinned: Sequence[PlacedNote]) -> int | None:
    """Draw tags, note and the pinned notes in one line, if there are any; returns the entry of a clicked note."""
    tags = " ".join(
        f":gray-badge[{escape_markdown(tag)}]" for tag in tags_of(deployment.ledger, [job.id]).get(job.id, [])
    )
    note = escape_markdown(" ".join(job.notes.split()))
    place = st.container()  # also while it is empty: otherwise the player below would begin again with the first note
    if not (tags or note or pinned):
        return None
    with place.container(key="job_notes_line", horizontal=True, vertical_alignment="center", gap="small"):
        if tags or note:
            st.markdown("  ".join(part for part in (tags, note) if part), width="content")
        return note_chips(pinned)


def _form(deployment: Deployment, job: Job) -> None:
    every = all_tags(deployment.ledger)
    current = every.get(job.id, [])
    tags = st.multiselect(
        "Tags",
        sorted({tag for tags in every.values() for tag in tags}),
        default=current,
        accept_new_options=True,
        key=f"job_tags-{job.id}",
        placeholder="Choose or type a tag",
    )
    note = st.text_area("Note", job.notes, key=f"job_note-{job.id}", max_chars=_MAX_NOTE_CHARS)
    locked = not is_allowed(Action.EDIT, job.owner)
    if locked:
        st.caption(f"You cannot {Action.EDIT.value}.")
    if not st.button("Save", type="primary", icon=":material/check:", key="job_notes_save", disabled=locked):
        return
    try:
        removed, actor = [tag for tag in current if tag not in tags], current_person()
        change_tags(deployment.ledger, [job.id], added=tags, removed=removed, actor=actor)
        write_note(deployment.ledger, job.id, note.strip(), actor=actor)
    except FrametallyError as error:
        show_error(error)
        return
    st.session_state.pop(_OPEN, None)
    st.rerun()
