"""Export the list of jobs as CSV. Times are UTC in ISO 8601; unknown values are empty, never 0."""

from __future__ import annotations

import csv
import io
from datetime import datetime

from frametally.clock import seconds_between
from frametally.exports.spreadsheet import escape_formulas
from frametally.job import Job
from frametally.ledger.ledger import Ledger
from frametally.ledger.search import JobQuery, find
from frametally.ledger.tags import all_tags
from frametally.network.urls import without_query

COLUMNS = (
    *("job_id", "remote_job_id", "status", "service", "video_name", "video_sha256", "video_url"),
    *("models", "infer_fps", "frames", "created_at_utc", "ended_at_utc", "waited_s", "run_s"),
    *("failure", "tags", "notes"),
)
"""`waited_s`: from the creation of the job to its end. `run_s`: from the start of the run at the service to the status
call that reported its end; successful jobs only."""
MAX_ROWS = 100_000


def jobs_csv(ledger: Ledger, query: JobQuery) -> bytes:
    """One row per matching job, newest first, up to `MAX_ROWS`; UTF-8 with a byte order mark for spreadsheets."""
    jobs = find(ledger, query, limit=MAX_ROWS)
    tags = all_tags(ledger)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(escape_formulas(_row(job, tags.get(job.id, []))) for job in jobs)
    return text.getvalue().encode("utf-8-sig")


def _row(job: Job, tags: list[str]) -> list[str]:
    waited_s = seconds_between(job.created_at, job.ended_at)
    return [
        *(job.id, job.remote_job_id or "", job.status.value, job.service, job.video_name, job.video_sha256 or ""),
        *(without_query(job.video_url or ""), ", ".join(model.label for model in job.models), _number(job.infer_fps)),
        *(_number(job.frames), _time(job.created_at), _time(job.ended_at), _number(waited_s), _number(job.run_s)),
        *(job.failure, ", ".join(tags), job.notes),
    ]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"


def _time(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat(timespec="seconds")
