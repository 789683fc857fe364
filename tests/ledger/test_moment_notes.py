"""Notes on moments of videos, on SQLite and PostgreSQL."""

from __future__ import annotations

import pytest

from frametally.errors import JobError
from frametally.job import JobStatus
from frametally.ledger.ledger import Ledger
from frametally.ledger.moment_notes import MAX_NOTE_CHARS, notes_of, pin_note, remove_note, restore_note
from tests.support.ledgers import a_job

VIDEO = "a" * 64


def test_the_notes_of_a_video_are_in_order_of_time(ledger: Ledger) -> None:
    late = pin_note(ledger, VIDEO, 2**40, "Camera was\n moved", actor="ada")
    early = pin_note(ledger, VIDEO, -512, "Lights on", actor=None)
    pin_note(ledger, "b" * 64, 0, "another video", actor=None)
    assert notes_of(ledger, VIDEO) == [early, late]
    assert (late.text, late.actor, late.created_at) == ("Camera was moved", "ada", ledger.clock())


@pytest.mark.parametrize("text", ["", " \n ", "x" * (MAX_NOTE_CHARS + 1)])
def test_an_empty_or_long_note_is_refused(ledger: Ledger, text: str) -> None:
    with pytest.raises(JobError, match="A note has 1 to"):
        pin_note(ledger, VIDEO, 0, text, actor=None)
    assert notes_of(ledger, VIDEO) == []


def test_the_removal_of_a_note_can_be_undone(ledger: Ledger) -> None:
    note = pin_note(ledger, VIDEO, 7, "Door open", actor=None)
    assert remove_note(ledger, note.id) == note
    assert remove_note(ledger, note.id) is None
    assert notes_of(ledger, VIDEO) == []
    restore_note(ledger, note)
    restore_note(ledger, note)  # a double click
    assert notes_of(ledger, VIDEO) == [note]


def test_the_notes_of_a_job_are_removed_with_it_and_those_of_its_video_are_kept(ledger: Ledger) -> None:
    ledger.add(a_job("j1", status=JobStatus.SUCCEEDED, video_sha256=VIDEO))
    pin_note(ledger, "job:j1", 3, "of the job", actor=None)
    kept = [pin_note(ledger, video, 3, "kept", actor=None) for video in (VIDEO, "job:j10")]
    assert ledger.remove("j1")
    assert notes_of(ledger, "job:j1") == []
    assert [*notes_of(ledger, VIDEO), *notes_of(ledger, "job:j10")] == kept
