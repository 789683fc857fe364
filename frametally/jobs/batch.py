"""A batch: many jobs with the same settings, from a list of URLs, a CSV or files of the library."""

from __future__ import annotations

import csv
import io
import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from msgspec import Struct, structs

from frametally.access.permissions import Action, require
from frametally.access.person import Person, actor_of, id_of
from frametally.errors import FrametallyError, JobError
from frametally.job import Job, JobStatus, RunRequest
from frametally.jobs import messages
from frametally.jobs.preflight import Preflight, PreflightIssue, find_issues
from frametally.ledger.ledger import Ledger
from frametally.ledger.tags import clean_tag
from frametally.library.video_store import StoredVideo
from frametally.network.urls import parse_video_url, video_name_of
from frametally.storage.file_names import KEPT_SUFFIXES, clean_file_name
from frametally.video.remux import can_be_remuxed

MAX_LINES = 1000
_TICK = timedelta(microseconds=1)
_DELIMITERS = ",;\t"
_SEVERAL_COLUMNS = re.compile(rf"^[^?]*(?:{'|'.join(map(re.escape, KEPT_SUFFIXES))})\s*[,;]|\t", re.IGNORECASE)


class BatchLine(Struct, frozen=True, kw_only=True):
    """One line of a batch: a video, or why the line is skipped."""

    number: int
    """Line number, from 1."""
    url: str
    name: str
    """Display name of the video."""
    notes: str = ""
    error: str = ""
    """Why no job is created; empty where one is."""
    warning: str = ""
    """Why the job may fail."""


def read_batch(text: str) -> list[BatchLine]:
    """Read one URL per line, or a CSV with a header line: `url`, and optionally `name` and `note`.

    The delimiter is a comma, a semicolon or a tab. A URL that occurs twice makes one job. Pure: nothing is fetched.

    Raises:
        JobError: there are too many lines, or the CSV is malformed.
    """
    lines = list(_cells(text.lstrip("\ufeff")))
    if len(lines) > MAX_LINES:
        raise JobError(*messages.batch_too_long(len(lines), MAX_LINES))
    first_seen: dict[str, int] = {}
    read = []
    for number, cells in lines:
        line = _read(number, cells)
        if not line.error and line.url in first_seen:
            line = structs.replace(line, error=messages.repeated_url(first_seen[line.url]))
        first_seen.setdefault(line.url, number)
        read.append(line)
    return read


def check_lines(lines: Iterable[BatchLine], preflight: Preflight) -> list[BatchLine]:
    """The lines, each with its own preflight issues; issues common to the whole batch are left to the caller.

    `preflight`: what all jobs of the batch have in common; its request names no video. Pure: nothing is fetched.
    """
    common = find_issues(preflight)
    return [line if line.error else _check_line(line, preflight, common) for line in lines]


def refused_files(files: Iterable[StoredVideo], preflight: Preflight) -> dict[str, str]:
    """The files for which no job is created: the reason, by sha256. The accepted files share the free disk space."""
    common = find_issues(preflight)
    refused = {}
    for kept in files:
        stops = [issue.what for issue in _issues_of(kept, preflight) if issue.stops and issue not in common]
        if stops:
            refused[kept.sha256] = stops[0]
        elif preflight.free_bytes is not None:
            preflight = replace(preflight, free_bytes=preflight.free_bytes - kept.info.size_bytes)
    return refused


def convertible_files(files: Iterable[StoredVideo], preflight: Preflight) -> list[StoredVideo]:
    """The files with an issue that conversion to MP4 fixes, and a codec that allows it."""
    return [
        kept
        for kept in files
        if can_be_remuxed(kept.info.codec) and any(issue.fix == "remux" for issue in _issues_of(kept, preflight))
    ]


def batch_jobs(
    lines: Iterable[BatchLine],
    files: Iterable[StoredVideo],
    request: RunRequest,
    now: datetime,
    *,
    actor: Person | None,
) -> list[Job]:
    """A job for each valid line and each file; `request`: what they have in common, without a video.

    The list of jobs shows them in this order, newest first, and the watcher starts them in it: each has been created a
    microsecond before the previous one, and is due a microsecond after it.

    Raises:
        AccessDenied: the person may not start jobs.
        JobError: the request lacks a model or a frame rate.
    """
    require(actor, Action.RUN)
    owner = id_of(actor)
    of_lines = [
        _new_job(replace(request, video_name=line.name, video_url=line.url), now, owner, notes=line.notes)
        for line in lines
        if not line.error
    ]
    of_files = [
        _new_job(
            replace(request, video_name=kept.file_name, video_sha256=kept.sha256),
            now,
            owner,
            frames=kept.info.planned_count(request.infer_fps) if request.infer_fps else None,
        )
        for kept in files
    ]
    return [
        replace(job, created_at=now - at * _TICK, next_check_at=now + at * _TICK)
        for at, job in enumerate(of_lines + of_files)
    ]


def start_batch(
    ledger: Ledger, jobs: Sequence[Job], tag: str, *, actor: Person | None, camera: str | None = None
) -> None:
    """Add all jobs of a batch, with a common tag, in one transaction; the watcher advances them from here.

    `camera`: which took all of the videos; None if that is not known.

    Raises:
        AccessDenied: the person may not start jobs.
        JobError: the tag is invalid.
    """
    require(actor, Action.RUN)
    cause = messages.created_in_batch(len(jobs))
    ledger.add(*jobs, cause=cause, tags=[clean_tag(tag)], camera=camera, actor=actor_of(actor))


def _new_job(
    request: RunRequest, now: datetime, owner: str | None, *, notes: str = "", frames: int | None = None
) -> Job:
    return Job(
        id=str(uuid.uuid4()),
        status=JobStatus.CREATED,
        **request.as_fields(),
        frames=frames,
        notes=notes,
        created_at=now,
        next_check_at=now,
        owner=owner,
    )


def _issues_of(kept: StoredVideo, preflight: Preflight) -> list[PreflightIssue]:
    request = replace(preflight.request, video_name=kept.file_name, video_sha256=kept.sha256)
    return find_issues(replace(preflight, request=request, video=kept.info))


def _check_line(line: BatchLine, preflight: Preflight, common: Sequence[PreflightIssue]) -> BatchLine:
    request = replace(preflight.request, video_url=line.url)
    issues = [issue for issue in find_issues(replace(preflight, request=request)) if issue not in common]
    error = next((issue.what for issue in issues if issue.stops), "")
    warning = next((issue.what for issue in issues), "") if not error else ""
    return structs.replace(line, error=error, warning=warning)


def _cells(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The number of each line that is not empty, and its cells by column name."""
    delimiter = _delimiter(text)
    if delimiter is None:
        lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), start=1))
        yield from ((number, {"url": line}) for number, line in lines if line)
        return
    rows = _rows(text, delimiter)
    columns = [name.strip().lower() for name in next(rows)[1]]
    for number, row in rows:
        if any(cell.strip() for cell in row):
            yield number, {name: cell.strip() for name, cell in zip(columns, row, strict=False)}


def _delimiter(text: str) -> str | None:
    """The delimiter of the header line; None where there is no header line."""
    first = next(iter(text.splitlines()), "")
    found = (sign for sign in _DELIMITERS if "url" in [cell.strip(' "').lower() for cell in first.split(sign)])
    return next(found, None)


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Every row of a CSV with the number of its first line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    number = 1
    try:
        for row in reader:
            yield number, row
            number = reader.line_num + 1
    except csv.Error as error:
        raise JobError(*messages.bad_csv(number)) from error


def _read(number: int, cells: dict[str, str]) -> BatchLine:
    url = cells.get("url", "")
    if _SEVERAL_COLUMNS.search(url):
        return BatchLine(number=number, url=url, name="", error=messages.NO_HEADER)
    try:
        url = parse_video_url(url).geturl()
    except FrametallyError as error:
        return BatchLine(number=number, url=url, name="", error=str(error))
    name = cells.get("name") or video_name_of(url)
    return BatchLine(number=number, url=url, name=clean_file_name(name) or "video", notes=cells.get("note", ""))
