"""Ways to the analytics of one job."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from frametally.analysis.view_spec import ViewSpec


def analytics_link(job_id: str, label: str = "Open in analytics") -> None:
    """Draw a link that opens the Analytics page on this job."""
    st.page_link(
        "../pages/analytics.py",
        label=label,
        icon=":material/monitoring:",
        query_params=ViewSpec(job_ids=(job_id,)).to_query(),
        width="content",
    )


def open_analytics(job_id: str) -> NoReturn:
    """Open the Analytics page on this job, as the link does."""
    st.switch_page("../pages/analytics.py", query_params=ViewSpec(job_ids=(job_id,)).to_query())
