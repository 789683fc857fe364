"""Tags on jobs: short labels to group jobs by."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from frametally.errors import JobError
from frametally.ledger import events
from frametally.ledger.events import Actor, EventKind
from frametally.ledger.ledger import Ledger
from frametally.ledger.tables import JOB, JOB_TAG

MAX_TAG_CHARS = 60


def clean_tag(text: str) -> str:
    """The tag in its stored form: one line, single spaces.

    Raises:
        JobError: it is empty or too long.
    """
    tag = " ".join("".join(letter for letter in text if letter.isprintable()).split())
    if not 0 < len(tag) <= MAX_TAG_CHARS:
        raise JobError(f"A tag has 1 to {MAX_TAG_CHARS} characters.", "Shorten it, or use the note.")
    return tag


def add_tags(ledger: Ledger, job_ids: Sequence[str], tags: Sequence[str], *, actor: Actor | None) -> None:
    """Add tags to jobs that do not have them yet.

    Raises:
        JobError: one of the tags is invalid; none is added.
    """
    names = {clean_tag(tag) for tag in tags}
    pairs = {(job_id, name) for job_id in job_ids for name in names}
    with ledger.writing() as connection:
        added = sorted(pairs - _present(connection, pairs))
        if added:
            connection.execute(JOB_TAG.insert(), [{"job_id": job_id, "tag": name} for job_id, name in added])
        _log(connection, ledger, added, events.TAG_ADDED, actor)


def remove_tags(ledger: Ledger, job_ids: Sequence[str], tags: Sequence[str], *, actor: Actor | None) -> None:
    """Remove tags from the jobs that have them."""
    pairs = {(job_id, name) for job_id in job_ids for name in tags}
    with ledger.writing() as connection:
        removed = sorted(_present(connection, pairs))
        for job_id, name in removed:
            connection.execute(JOB_TAG.delete().where(JOB_TAG.c.job_id == job_id, JOB_TAG.c.tag == name))
        _log(connection, ledger, removed, events.TAG_REMOVED, actor)


def tags_of(ledger: Ledger, job_ids: Sequence[str]) -> dict[str, list[str]]:
    """The tags of each of these jobs that has any, in alphabetical order."""
    return _read(ledger, JOB_TAG.select().where(JOB_TAG.c.job_id.in_(job_ids)))


def all_tags(ledger: Ledger) -> dict[str, list[str]]:
    """The tags of every job that has any, in alphabetical order."""
    return _read(ledger, JOB_TAG.select().where(*tag_conditions(ledger)))


def tag_conditions(ledger: Ledger) -> list[sa.ColumnElement[bool]]:
    """The conditions on tags of jobs that are seen."""
    return [JOB_TAG.c.job_id.in_(sa.select(JOB.c.id).where(*ledger.visible))] if ledger.visible else []


def _read(ledger: Ledger, query: sa.Select[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    with ledger.reading() as connection:
        for row in connection.execute(query.order_by(JOB_TAG.c.tag)):
            found.setdefault(row.job_id, []).append(row.tag)
    return found


def _present(connection: sa.Connection, pairs: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of the (job id, tag) pairs that are stored."""
    job_ids = {job_id for job_id, _ in pairs}
    stored = connection.execute(JOB_TAG.select().where(JOB_TAG.c.job_id.in_(job_ids)))
    return {(row.job_id, row.tag) for row in stored} & set(pairs)


def _log(
    connection: sa.Connection, ledger: Ledger, pairs: Sequence[tuple[str, str]], what: str, actor: Actor | None
) -> None:
    tags_by_job: dict[str, list[str]] = {}
    for job_id, name in pairs:
        tags_by_job.setdefault(job_id, []).append(name)
    for job_id, names in tags_by_job.items():
        cause = f"{what}: {', '.join(names)}."
        events.write(connection, job_id, ledger.clock(), EventKind.ACTION, cause, actor=actor)
