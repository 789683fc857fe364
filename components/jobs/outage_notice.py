"""A service that does not answer, told once for all of its jobs."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from components.errors import escape_markdown
from components.formatting import format_duration
from components.session import service_label
from frametally.job import JobStatus
from frametally.ledger.ledger import Ledger

_OPEN = [status for status in JobStatus if status.is_open]


def outage_notice(ledger: Ledger, now: datetime) -> None:
    """Say which services do not answer that jobs wait for, and when they are tried again."""
    for outage in ledger.outages():
        if outage.next_try_at is None or not ledger.jobs(statuses=_OPEN, service=outage.service, limit=1):
            continue
        wait_s = (outage.next_try_at - now).total_seconds()
        since = format_duration((now - outage.began_at).total_seconds())
        when = f"in {format_duration(wait_s)}" if wait_s > 0 else "now"
        st.warning(
            f"{escape_markdown(service_label(outage.service))} has not answered as it should for {since}. "
            f"One job tries again {when}; the others wait for it.",
            icon=":material/cloud_off:",
        )
