"""Search jobs by text, status, service, tag, model and time, in pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import sqlalchemy as sa

from frametally.job import Job, JobStatus
from frametally.ledger.ledger import Ledger, decode_models, job_of
from frametally.ledger.tables import JOB, JOB_TAG
from frametally.ledger.tags import tag_conditions


@dataclass(frozen=True, kw_only=True)
class JobQuery:
    """A search: every field that is not empty must match."""

    text: str = ""
    """Each word must occur in the video name, a model, the note, a tag or an id, ignoring case."""
    statuses: tuple[JobStatus, ...] = ()
    services: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    """Any of them matches."""
    models: tuple[str, ...] = ()
    """Labels, as in `ModelChoice.label`; any of them matches."""
    since: datetime | None = None
    """Created at that time or later."""
    until: datetime | None = None
    """Created before that time."""
    deleted: bool = False
    """Search the deleted jobs that can still be restored, instead of all others."""


SortColumn = Literal["name", "model", "status", "run", "created"]


@dataclass(frozen=True)
class JobOrder:
    """The order of a list of jobs."""

    column: SortColumn = "created"
    descending: bool = True


@dataclass(frozen=True)
class Known:
    """The values in the ledger that a search can filter by."""

    services: tuple[str, ...]
    models: tuple[str, ...]
    tags: tuple[str, ...]
    videos: dict[str, str]
    """Video name by sha256, of the 100 newest jobs with a stored video."""


def find(ledger: Ledger, query: JobQuery, *, limit: int, offset: int = 0, order: JobOrder | None = None) -> list[Job]:
    """A page of the matching jobs, by default newest first."""
    with ledger.reading() as connection:
        conditions = _conditions(query, _all_models(ledger, connection) if query.models else ())
        matching = JOB.select().where(*ledger.visible, *conditions)
        page = matching.order_by(*_ordering(order or JobOrder())).limit(limit).offset(offset)
        return [job_of(row) for row in connection.execute(page).mappings()]


def _ordering(order: JobOrder) -> list[sa.ColumnElement[Any]]:
    """Jobs without a value come last in both directions, equal ones newest first."""
    if order.column == "created":  # never missing; in this form the index of the column is used
        return [JOB.c.created_at.desc() if order.descending else JOB.c.created_at.asc(), JOB.c.id]
    value = _SORT_VALUES[order.column]
    return [value.is_(None), value.desc() if order.descending else value.asc(), JOB.c.created_at.desc(), JOB.c.id]


def count_by_status(ledger: Ledger) -> dict[JobStatus, int]:
    """The number of jobs with each status, deleted ones left out; a status without jobs is missing."""
    shown = sa.and_(JOB.c.deleted_at.is_(None), *ledger.visible)
    counted = sa.select(JOB.c.status, sa.func.count()).where(shown).group_by(JOB.c.status)
    with ledger.reading() as connection:
        return {JobStatus(status): count for status, count in connection.execute(counted)}


def count_jobs(ledger: Ledger, query: JobQuery) -> int:
    """The number of matching jobs."""
    with ledger.reading() as connection:
        conditions = _conditions(query, _all_models(ledger, connection) if query.models else ())
        counted = sa.select(sa.func.count()).select_from(JOB).where(*ledger.visible, *conditions)
        return connection.execute(counted).scalar_one()


def known(ledger: Ledger) -> Known:
    """The values that a search can filter by."""
    videos = sa.select(JOB.c.video_sha256, JOB.c.video_name).where(JOB.c.video_sha256.is_not(None), *ledger.visible)
    services = sa.select(JOB.c.service).where(*ledger.visible).distinct().order_by(JOB.c.service)
    tags = sa.select(JOB_TAG.c.tag).where(*tag_conditions(ledger)).distinct().order_by(JOB_TAG.c.tag)
    newest = videos.order_by(JOB.c.created_at.desc()).limit(_VIDEOS)
    with ledger.reading() as connection:
        labels = {model.label for text in _all_models(ledger, connection) for model in decode_models(text)}
        return Known(
            services=tuple(connection.execute(services).scalars()),
            models=tuple(sorted(labels)),
            tags=tuple(connection.execute(tags).scalars()),
            videos={row.video_sha256: row.video_name for row in reversed(connection.execute(newest).all())},
        )


def _all_models(ledger: Ledger, connection: sa.Connection) -> Sequence[str]:
    return connection.execute(sa.select(JOB.c.models).where(*ledger.visible).distinct()).scalars().all()


def _conditions(query: JobQuery, all_models: Sequence[str]) -> list[sa.ColumnElement[bool]]:
    is_hidden = JOB.c.deleted_at.is_not(None)
    found: list[sa.ColumnElement[bool]] = [is_hidden if query.deleted else ~is_hidden]
    found += [_has_word(word) for word in query.text.split()]
    if query.statuses:
        found.append(JOB.c.status.in_(query.statuses))
    if query.services:
        found.append(JOB.c.service.in_(query.services))
    if query.tags:
        found.append(JOB.c.id.in_(sa.select(JOB_TAG.c.job_id).where(JOB_TAG.c.tag.in_(query.tags))))
    if query.models:
        wanted = set(query.models)
        found.append(JOB.c.models.in_([text for text in all_models if wanted & _labels(text)]))
    if query.since is not None:
        found.append(JOB.c.created_at >= query.since)
    if query.until is not None:
        found.append(JOB.c.created_at < query.until)
    return found


def _has_word(word: str) -> sa.ColumnElement[bool]:
    places = (JOB.c.video_name, JOB.c.models, JOB.c.notes, JOB.c.id, JOB.c.remote_job_id)
    tagged = sa.select(JOB_TAG.c.job_id).where(JOB_TAG.c.tag.icontains(word, autoescape=True))
    labels = word.replace("/", '","version":"')  # a label `model/version` as it appears in the stored JSON
    return sa.or_(
        *(place.icontains(word, autoescape=True) for place in places),
        JOB.c.models.icontains(labels, autoescape=True),
        JOB.c.id.in_(tagged),
    )


def _labels(text: str) -> set[str]:
    return {model.label for model in decode_models(text)}


_VIDEOS = 100
_STATUS_RANK: Final = {status: rank for rank, status in enumerate(JobStatus)}
_SORT_VALUES: Final[dict[str, sa.ColumnElement[Any]]] = {
    "name": sa.func.lower(JOB.c.video_name),
    "model": sa.func.lower(JOB.c.models),
    "status": sa.case(_STATUS_RANK, value=JOB.c.status),
    "run": JOB.c.ended_at - JOB.c.run_started_at,
}
