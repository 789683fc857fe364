"""A link to the analytics of one job."""

from __future__ import annotations

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
