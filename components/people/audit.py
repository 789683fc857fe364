"""Who did what, from where."""

from __future__ import annotations

import streamlit as st

from frametally.exports.audit_csv import COLUMNS, audit_csv, audit_rows
from frametally.ledger.ledger import Ledger

_MAX_SHOWN = 200


def audit(ledger: Ledger) -> None:
    """Draw the newest entries, with a button for all of them."""
    rows = audit_rows(ledger, _MAX_SHOWN)
    if not rows:
        st.caption("No actions yet.")
        return
    st.dataframe([dict(zip(COLUMNS, row, strict=True)) for row in rows], hide_index=True)
    st.download_button(
        "CSV",
        lambda: audit_csv(ledger),
        "audit.csv",
        "text/csv",
        key="audit_csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        help="All entries, one per row.",
    )
