"""Notes and tags of jobs, and notes on frames, as people change them."""

from __future__ import annotations

from collections.abc import Sequence

from frametally.access.permissions import Action, require
from frametally.access.person import Person, actor_of, id_of
from frametally.ledger import moment_notes
from frametally.ledger.ledger import Ledger
from frametally.ledger.moment_notes import MomentNote
from frametally.ledger.owners import owners_of
from frametally.ledger.tags import add_tags, remove_tags


def change_tags(
    ledger: Ledger, job_ids: Sequence[str], *, added: Sequence[str], removed: Sequence[str], actor: Person | None
) -> None:
    """Add tags to jobs that do not have them yet, and remove others.

    Raises:
        AccessDenied: the person may not edit one of the jobs; nothing is changed.
        JobError: a tag to add is invalid; nothing is changed.
    """
    require(actor, Action.EDIT, *owners_of(ledger, job_ids))
    add_tags(ledger, job_ids, added, actor=actor_of(actor))
    remove_tags(ledger, job_ids, removed, actor=actor_of(actor))


def write_note(ledger: Ledger, job_id: str, note: str, *, actor: Person | None) -> None:
    """Replace the note of a job.

    Raises:
        AccessDenied: the person may not edit the job.
    """
    require(actor, Action.EDIT, *owners_of(ledger, [job_id]))
    ledger.write_notes(job_id, note, actor=actor_of(actor))


def pin_note(ledger: Ledger, video: str, time: int, text: str, *, actor: Person | None) -> MomentNote:
    """Add a note to a frame.

    Raises:
        AccessDenied: the person may not add notes.
        JobError: the text is empty or too long.
    """
    require(actor, Action.PIN_NOTE)
    return moment_notes.pin_note(ledger, video, time, text, actor=id_of(actor))


def remove_note(ledger: Ledger, note: MomentNote, *, actor: Person | None) -> MomentNote | None:
    """Remove a note on a frame; returns it as it was, None if it is gone already.

    Raises:
        AccessDenied: the person may not remove it.
    """
    stored = [one for one in moment_notes.notes_of(ledger.seen_by(None), note.video) if one.id == note.id]
    require(actor, Action.REMOVE_NOTE, *(one.actor for one in stored))
    return moment_notes.remove_note(ledger, note.id)


def restore_note(ledger: Ledger, note: MomentNote, *, actor: Person | None) -> None:
    """Write a note that was removed; does nothing if it is there.

    Raises:
        AccessDenied: the person may not have removed it.
    """
    require(actor, Action.REMOVE_NOTE, note.actor)
    moment_notes.restore_note(ledger, note)
