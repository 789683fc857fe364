"""A notice for each service that is unavailable while jobs wait for it."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from components.formatting import escape_markdown, format_duration
from components.session import service_label
from frametally.job import JobStatus
from frametally.ledger.ledger import Ledger

_OPEN = [status for status in JobStatus if status.is_open]


def outage_notice(ledger: Ledger, now: datetime) -> None:
    """Draw a notice for each service whose circuit breaker is open, with the time of the next attempt."""
    for outage in ledger.outages():
        if outage.next_try_at is None or not ledger.jobs(statuses=_OPEN, service=outage.service, limit=1):
            continue
        wait_s = (outage.next_try_at - now).total_seconds()
        since = format_duration((now - outage.began_at).total_seconds())
        when = f"in {format_duration(wait_s)}" if wait_s > 0 else "now"
        service = escape_markdown(service_label(outage.service))
        st.warning(
            f"{service} has been unavailable for {since}. Next attempt {when}, with one job; the others wait.",
            icon=":material/cloud_off:",
        )
