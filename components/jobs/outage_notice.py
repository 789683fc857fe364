"""A service that does not answer, told once for all of its jobs."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from components.errors import plain
from components.formatting import span
from components.session import service_label
from frametally.job import JobStatus
from frametally.ledger.ledger import Store

_OPEN = [status for status in JobStatus if status.is_open]


def outage_notice(store: Store, now: datetime) -> None:
    """Say which services do not answer that jobs wait for, and when they are tried again."""
    for outage in store.outages():
        if outage.next_try_at is None or not store.jobs(statuses=_OPEN, service=outage.service, limit=1):
            continue
        wait_s = (outage.next_try_at - now).total_seconds()
        since = span((now - outage.began_at).total_seconds())
        when = f"in {span(wait_s)}" if wait_s > 0 else "now"
        st.warning(
            f"{plain(service_label(outage.service))} has not answered as it should for {since}. "
            f"One job tries again {when}; the others wait for it.",
            icon=":material/cloud_off:",
        )
