"""The list of jobs as CSV: units in column names, empty cells for unknown values, no formulas, no secrets."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

from frametally.exports.jobs_csv import COLUMNS, jobs_csv
from frametally.job import JobStatus
from frametally.ledger.ledger import Ledger
from frametally.ledger.search import JobQuery
from frametally.ledger.tags import add_tags
from tests.support.ledgers import START, a_job


def rows_of(ledger: Ledger, query: JobQuery) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(jobs_csv(ledger, query).decode("utf-8-sig"))))


def test_each_matching_job_is_a_row(ledger: Ledger) -> None:
    ledger.add(
        a_job(
            status=JobStatus.SUCCEEDED,
            frames=20,
            run_started_at=START + timedelta(seconds=5),
            checked_at=START + timedelta(seconds=15.5),
            ended_at=START + timedelta(seconds=20),
        )
    )
    ledger.add(a_job("j2", status=JobStatus.FAILED, failure="It broke."))
    add_tags(ledger, ["j1"], ["rain", "night"], actor=None)
    (row,) = rows_of(ledger, JobQuery(statuses=(JobStatus.SUCCEEDED,)))
    assert tuple(row) == COLUMNS
    assert (row["models"], row["infer_fps"], row["frames"]) == ("motion/1", "5", "20")
    assert (row["created_at_utc"], row["ended_at_utc"]) == ("2026-03-01T12:00:00+00:00", "2026-03-01T12:00:20+00:00")
    assert (row["waited_s"], row["run_s"], row["tags"]) == ("20", "10.5", "night, rain")


def test_unknown_values_are_empty(ledger: Ledger) -> None:
    ledger.add(a_job(models=(), infer_fps=None, remote_job_id="r1", video_sha256=None, status=JobStatus.SUBMITTED))
    (row,) = rows_of(ledger, JobQuery())
    unknown = ("models", "infer_fps", "frames", "ended_at_utc", "waited_s", "run_s", "video_sha256", "video_url")
    assert [row[name] for name in unknown] == [""] * len(unknown)


def test_secrets_are_removed_and_formulas_escaped(ledger: Ledger) -> None:
    ledger.add(a_job(video_name="=cmd()", notes="+1", video_url="https://host/v.mp4?sig=abc123#x", key_id="k9"))
    (row,) = rows_of(ledger, JobQuery())
    assert (row["video_name"], row["notes"], row["video_url"]) == ("'=cmd()", "'+1", "https://host/v.mp4")
    assert "abc123" not in str(row)


def test_an_invalid_url_is_left_out(ledger: Ledger) -> None:
    ledger.add(a_job(video_url="https://[host/v.mp4?sig=abc123"))
    assert rows_of(ledger, JobQuery())[0]["video_url"] == ""
