"""Notes on moments of videos: what happened there, as users wrote it.

A note belongs to a frame, as `frametally.video.picture_key` identifies it: all jobs on a stored video share its notes.
Those of a video that is not stored here belong to its job and are removed with it.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Final

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from frametally.errors import JobError
from frametally.ledger.ledger import Ledger
from frametally.ledger.tables import MOMENT_NOTE

MAX_NOTE_CHARS: Final = 500


class MomentNote(Struct, frozen=True, kw_only=True):
    """A note on one frame."""

    id: str
    video: str
    """`PictureKey.video`."""
    time: int
    """`PictureKey.time`."""
    text: str
    created_at: datetime
    actor: str | None = None
    """Who wrote it; None while there is no sign-in."""


def pin_note(ledger: Ledger, video: str, time: int, text: str, *, actor: str | None) -> MomentNote:
    """Add a note to a frame.

    Raises:
        JobError: the text is empty or too long.
    """
    cleaned = " ".join(text.split())
    if not 0 < len(cleaned) <= MAX_NOTE_CHARS:
        raise JobError(f"A note has 1 to {MAX_NOTE_CHARS} characters.", "Shorten it.")
    note = MomentNote(
        id=str(uuid.uuid4()), video=video, time=time, text=cleaned, created_at=ledger.clock(), actor=actor
    )
    restore_note(ledger, note)
    return note


def notes_of(ledger: Ledger, video: str) -> list[MomentNote]:
    """The notes of a video, in order of time; own ones in a ledger that shows own jobs."""
    own = [] if ledger.only_owner is None else [MOMENT_NOTE.c.actor == ledger.only_owner]
    wanted = MOMENT_NOTE.select().where(MOMENT_NOTE.c.video == video, *own)
    with ledger.reading() as connection:
        rows = connection.execute(wanted.order_by(MOMENT_NOTE.c.time, MOMENT_NOTE.c.created_at, MOMENT_NOTE.c.id))
        return [MomentNote(**row) for row in rows.mappings()]


def remove_note(ledger: Ledger, note_id: str) -> MomentNote | None:
    """Remove a note; returns it, so that the removal can be undone, or None if there is no such note."""
    with ledger.writing() as connection:
        row = connection.execute(MOMENT_NOTE.select().where(MOMENT_NOTE.c.id == note_id)).mappings().first()
        connection.execute(MOMENT_NOTE.delete().where(MOMENT_NOTE.c.id == note_id))
    return None if row is None else MomentNote(**row)


def restore_note(ledger: Ledger, note: MomentNote) -> None:
    """Write a note that was removed; does nothing if it is there."""
    is_there = sa.exists().where(MOMENT_NOTE.c.id == note.id)
    with ledger.writing() as connection:
        if not connection.execute(sa.select(is_there)).scalar():
            connection.execute(MOMENT_NOTE.insert().values(msgspec.structs.asdict(note)))
