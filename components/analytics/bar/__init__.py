"""The bar at the top of the Analytics page: job, model, facts, notes, link."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

_HERE = Path(__file__).parent


def page_bar() -> DeltaGenerator:
    """Draw the heading, for screen readers, and the bar without its content; returns its container."""
    st.html(_HERE / "bar.css")
    bar = st.container(key="analytics_bar", horizontal=True, vertical_alignment="center", gap="small")
    with bar:
        st.html('<h1 class="analytics-heading">Analytics</h1>')
        st.page_link("../pages/jobs.py", label="Jobs", icon=":material/chevron_left:", width="content")
    return bar
