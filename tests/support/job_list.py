"""The list of jobs in a page test: its rows as the component receives them, and what a user does in it."""

from __future__ import annotations

import json
from typing import Any

from streamlit.testing.v1 import AppTest

from frametally.job import Job
from tests.support.components import data_of, send_event


def rows(app: AppTest) -> list[dict[str, Any]]:
    """The rows on the page, in order; none if no list is drawn."""
    return list(data_of(app, "job_table").get("rows", []))


def row(app: AppTest, job: Job) -> dict[str, Any]:
    """The row of this job."""
    return next(row for row in rows(app) if row["id"] == job.id)


def names(app: AppTest) -> list[str]:
    """The video names of the rows, in order."""
    return [row["name"] for row in rows(app)]


def row_texts(app: AppTest) -> str:
    """All that the rows show, one line each."""
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows(app))


def labels(app: AppTest, job: Job) -> list[str]:
    """The actions that the row of this job offers, in order."""
    return [action["label"] for action in row(app, job)["actions"]]


def choose(app: AppTest, job: Job, label: str) -> AppTest:
    """Choose the action of the row whose label begins in this way; it is offered and not disabled."""
    action = next(action for action in row(app, job)["actions"] if action["label"].startswith(label))
    assert not action.get("disabled")
    return send(app, "command", {"action": action["action"], "job_id": job.id})


def send(app: AppTest, event: str, value: object) -> AppTest:
    """Run the page as after this event of the list."""
    return send_event(app, "job_table", event, value)
