"""The history of a job: its status changes and the status checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import streamlit as st

from components.formatting import escape_markdown, format_duration, plural
from components.job_status import step_word
from frametally.access.names import name_of, names_by_id
from frametally.clock import seconds_between
from frametally.contract import STATUS_FLOOR_S
from frametally.job import EMBEDDED, Job
from frametally.ledger.events import Event, EventKind
from frametally.ledger.ledger import Ledger

_MAX_CHECKS = 50


def job_history(ledger: Ledger, job: Job) -> None:
    """Draw the history of the job, read from the ledger."""
    remote = f" · ID at the service: `{_code(job.remote_job_id)}`" if job.remote_job_id else ""
    st.caption(f"**{escape_markdown(job.video_name)}** · `{job.id}`{remote}")
    changes = ledger.history(job.id, kinds=[kind for kind in EventKind if kind is not EventKind.STATUS_CALL])
    names = names_by_id(ledger)
    st.markdown("  \n".join(_line(event, names) for event in changes) or "No history was recorded for this job.")
    _checks(job, ledger.history(job.id, kinds=[EventKind.STATUS_CALL]), names)


def _code(text: str) -> str:
    """Text from outside, made safe for use between backticks."""
    return text.replace("`", "'")


def _line(event: Event, names: Mapping[str, str]) -> str:
    what = f"**{step_word(event.status)}**" if event.status else ""
    actor = f"by {escape_markdown(name_of(event.actor, names))}" if event.actor else ""
    parts = (what, escape_markdown(event.cause), actor)
    return f":gray[{event.at:%d %b %H:%M:%S}] {' · '.join(part for part in parts if part)}"


def _checks(job: Job, checks: Sequence[Event], names: Mapping[str, str]) -> None:
    if not checks:
        return
    st.caption(f"**Status checks** · {_pace(job, checks)}")
    gaps_s = [None, *_gaps_s(checks)]
    rows = [
        {
            "Time (UTC)": f"{check.at:%d %b %H:%M:%S}",
            "Interval": "" if gap_s is None else f"{gap_s:.0f} s",
            "Response": check.cause,
            **({"By": name_of(check.actor, names)} if any(each.actor for each in checks) else {}),
        }
        for check, gap_s in zip(checks, gaps_s, strict=True)
    ]
    st.dataframe(rows[::-1][:_MAX_CHECKS], hide_index=True, height="content" if len(rows) < 8 else 280)
    if len(rows) > _MAX_CHECKS:
        st.caption(f"The last {_MAX_CHECKS} of {len(rows):,}.")


def _gaps_s(checks: Sequence[Event]) -> list[float | None]:
    return [seconds_between(earlier.at, later.at) for earlier, later in pairwise(checks)]


def _pace(job: Job, checks: Sequence[Event]) -> str:
    if job.service == EMBEDDED:
        return "every 1-2 s, as the built-in engine allows; one per minute is recorded"
    shortest_s = min((gap_s for gap_s in _gaps_s(checks) if gap_s is not None), default=None)
    if shortest_s is None:
        return plural(len(checks), "check")
    allowed = "" if shortest_s >= STATUS_FLOOR_S else ", as the service allowed"
    return f"{plural(len(checks), 'check')}, at least {format_duration(shortest_s)} apart{allowed}"
