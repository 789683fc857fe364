"""Tags on jobs: short words that people group jobs by."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from frametally.errors import JobError
from frametally.ledger.ledger import Ledger
from frametally.ledger.tables import JOB_TAG

MAX_TAG_CHARS = 60


def clean_tag(text: str) -> str:
    """A tag as it is kept: one line, single spaces.

    Raises:
        JobError: nothing is left of it, or it is too long.
    """
    tag = " ".join("".join(letter for letter in text if letter.isprintable()).split())
    if not 0 < len(tag) <= MAX_TAG_CHARS:
        raise JobError(f"A tag has 1 to {MAX_TAG_CHARS} characters.", "Shorten it; longer texts are for the note.")
    return tag


def add_tags(ledger: Ledger, job_ids: Sequence[str], tags: Sequence[str]) -> None:
    """Put tags on jobs; one that is there already stays.

    Raises:
        JobError: one of them is no tag; none is put on then.
    """
    pairs = [{"job_id": job_id, "tag": name} for job_id in job_ids for name in sorted({clean_tag(one) for one in tags})]
    _rewrite(ledger, pairs, keep=True)


def remove_tags(ledger: Ledger, job_ids: Sequence[str], tags: Sequence[str]) -> None:
    """Take tags off jobs, where they have them."""
    _rewrite(ledger, [{"job_id": job_id, "tag": name} for job_id in job_ids for name in tags], keep=False)


def tags_of(ledger: Ledger, job_ids: Sequence[str]) -> dict[str, list[str]]:
    """The tags of each of these jobs that has any, in the order of the alphabet."""
    return _read(ledger, JOB_TAG.select().where(JOB_TAG.c.job_id.in_(job_ids)))


def all_tags(ledger: Ledger) -> dict[str, list[str]]:
    """The tags of every job that has any, in the order of the alphabet."""
    return _read(ledger, JOB_TAG.select())


def _read(ledger: Ledger, query: sa.Select[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    with ledger.reading() as connection:
        for row in connection.execute(query.order_by(JOB_TAG.c.tag)):
            found.setdefault(row.job_id, []).append(row.tag)
    return found


def _rewrite(ledger: Ledger, pairs: Sequence[dict[str, str]], *, keep: bool) -> None:
    gone = JOB_TAG.delete().where(JOB_TAG.c.job_id == sa.bindparam("of_job"), JOB_TAG.c.tag == sa.bindparam("named"))
    if not pairs:
        return
    with ledger.writing() as connection:
        connection.execute(gone, [{"of_job": pair["job_id"], "named": pair["tag"]} for pair in pairs])
        if keep:
            connection.execute(JOB_TAG.insert(), list(pairs))
