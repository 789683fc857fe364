"""A link to the analytics of one job."""

from __future__ import annotations

import streamlit as st


def analytics_link(job_id: str, label: str = "Open in analytics") -> None:
    """Draw a link that opens the Analytics page on this job."""
    st.page_link(
        "../pages/analytics.py",
        label=label,
        icon=":material/monitoring:",
        query_params={"job": job_id},
        width="content",
    )
