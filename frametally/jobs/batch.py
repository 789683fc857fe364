"""Many jobs with one set of settings: a pasted list of addresses or a CSV, read line by line, and the kept files."""

from __future__ import annotations

import csv
import io
import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec import Struct, structs

from frametally.errors import FrametallyError, JobError
from frametally.job import Job, JobStatus, ModelChoice
from frametally.jobs.preflight import Facts, PreflightIssue, find_issues
from frametally.ledger.ledger import Ledger
from frametally.ledger.tags import clean_tag
from frametally.library.video_store import StoredVideo
from frametally.network.urls import parse_video_url
from frametally.storage.file_names import KEPT_SUFFIXES, clean_file_name

MAX_LINES = 1000
_COLUMN_SIGNS = ",;\t"
_MORE_THAN_URL = re.compile(rf"^[^?]*(?:{'|'.join(map(re.escape, KEPT_SUFFIXES))})\s*[,;]|\t", re.IGNORECASE)
_NAME_COLUMNS = "This line has several columns. Name the columns in the first line: url, name, note."


class BatchLine(Struct, frozen=True, kw_only=True):
    """One video of a batch, or what is wrong with the line that should name one."""

    number: int
    """Of the line, the first one being 1."""
    url: str
    name: str
    """Of the video, as it will be shown."""
    notes: str = ""
    wrong: str = ""
    """Why no job comes of it; empty where one does."""
    warns: str = ""
    """What may go wrong with that job."""


def read_batch(text: str) -> list[BatchLine]:
    """Read one address a line, or a CSV whose first line names its columns: `url`, and `name` and `note` if wanted.

    A comma, a semicolon or a tab may part them, as the spreadsheet has it. An address that stands there twice
    makes one job. Pure: nothing is fetched.

    Raises:
        JobError: there are too many lines, or the CSV is broken.
    """
    lines = list(_cells(text.lstrip("\ufeff")))
    if len(lines) > MAX_LINES:
        raise JobError(f"A batch has up to {MAX_LINES:,} lines; this has {len(lines):,}.", "Split it.")
    first_seen: dict[str, int] = {}
    read = []
    for number, cells in lines:
        line = _read(number, cells)
        if not line.wrong and line.url in first_seen:
            again = f"The same address as in line {first_seen[line.url]}."
            line = BatchLine(number=number, url=line.url, name=line.name, wrong=again)
        first_seen.setdefault(line.url, number)
        read.append(line)
    return read


def judged(lines: Iterable[BatchLine], facts: Facts) -> list[BatchLine]:
    """The lines, with what is known to stand in the way of each; what stands in the way of all is left to the caller.

    Pure: nothing is fetched. `facts`: what is known of any job of the batch.
    """
    of_all = find_issues(facts)
    return [line if line.wrong else _judge(line, facts, of_all) for line in lines]


def refused_files(files: Iterable[StoredVideo], facts: Facts) -> dict[str, str]:
    """Why no job comes of a file, by its sha256; the disk is shared by those of which one does."""
    of_all = find_issues(facts)
    refused = {}
    for kept in files:
        own = replace(facts, file_name=kept.file_name, video=kept.info)
        stops = [finding.what for finding in find_issues(own) if finding.stops and finding not in of_all]
        if stops:
            refused[kept.sha256] = stops[0]
        elif facts.free_bytes is not None:
            facts = replace(facts, free_bytes=facts.free_bytes - kept.info.size_bytes)
    return refused


def batch_jobs(
    lines: Iterable[BatchLine],
    files: Iterable[StoredVideo],
    *,
    service: str,
    key_id: str,
    models: Sequence[ModelChoice],
    infer_fps: float,
    now: datetime,
) -> list[Job]:
    """A job for each good line and each file.

    Raises:
        JobError: no model was named.
    """
    common = {"service": service, "key_id": key_id, "models": tuple(models), "infer_fps": infer_fps}
    common |= {"status": JobStatus.CREATED, "created_at": now, "next_check_at": now}
    of_lines = [
        {"video_name": line.name, "video_url": line.url, "notes": line.notes} for line in lines if not line.wrong
    ]
    of_files = [
        {"video_name": kept.file_name, "video_sha256": kept.sha256, "frames": kept.info.planned_count(infer_fps)}
        for kept in files
    ]
    return [Job(id=str(uuid.uuid4()), **common, **own) for own in (*of_lines, *of_files)]  # type: ignore[arg-type]


def start_batch(ledger: Ledger, jobs: Sequence[Job], tag: str) -> None:
    """Write all jobs of a batch down with their common tag, or none of them; the watcher takes them from here.

    Raises:
        JobError: that is no tag.
    """
    ledger.add(*jobs, cause=f"One of a batch of {len(jobs):,}.", tags=[clean_tag(tag)])


def _judge(line: BatchLine, facts: Facts, of_all: Sequence[PreflightIssue]) -> BatchLine:
    found = [finding for finding in find_issues(replace(facts, url=line.url)) if finding not in of_all]
    stops = next((finding.what for finding in found if finding.stops), "")
    warns = next((finding.what for finding in found), "") if not stops else ""
    return structs.replace(line, wrong=stops, warns=warns)


def _cells(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Every line that is not empty with its number, as cells by the name of their column."""
    sign = _column_sign(text)
    if sign is None:
        lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), start=1))
        yield from ((number, {"url": line}) for number, line in lines if line)
        return
    rows = _rows(text, sign)
    columns = [name.strip().lower() for name in next(rows)[1]]
    for number, row in rows:
        if any(cell.strip() for cell in row):
            yield number, {name: cell.strip() for name, cell in zip(columns, row, strict=False)}


def _column_sign(text: str) -> str | None:
    """What stands between the columns that the first line names; None where it names none."""
    first = next(iter(text.splitlines()), "")
    named = (sign for sign in _COLUMN_SIGNS if "url" in [cell.strip(' "').lower() for cell in first.split(sign)])
    return next(named, None)


def _rows(text: str, sign: str) -> Iterator[tuple[int, list[str]]]:
    """Every row of a CSV with the number of the line that it begins in."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign, skipinitialspace=True, strict=True)
    number = 1
    try:
        for row in reader:
            yield number, row
            number = reader.line_num + 1
    except csv.Error as error:
        raise JobError(
            f"The CSV cannot be read from line {number} on.", "Look there for a quotation mark that is not closed."
        ) from error


def _read(number: int, cells: dict[str, str]) -> BatchLine:
    url = cells.get("url", "")
    if _MORE_THAN_URL.search(url):
        return BatchLine(number=number, url=url, name="", wrong=_NAME_COLUMNS)
    try:
        parse_video_url(url)
    except FrametallyError as error:
        return BatchLine(number=number, url=url, name="", wrong=f"{error.what} {error.next_step}")
    name = cells.get("name") or unquote(Path(urlsplit(url).path).name) or "video"
    return BatchLine(number=number, url=url, name=clean_file_name(name) or "video", notes=cells.get("note", ""))
