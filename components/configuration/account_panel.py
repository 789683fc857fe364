"""Who is signed in, with the way out."""

from __future__ import annotations

import streamlit as st

from components.access import current_person
from components.access.sign_in import sign_out_button
from components.formatting import escape_markdown
from components.session import get_deployment
from frametally.config.access_mode import AccessMode


def account_panel() -> None:
    """Draw the account of this session; nothing without a sign-in."""
    mode = get_deployment().settings.access
    if mode not in (AccessMode.OIDC, AccessMode.PROXY):
        return
    person = current_person()
    st.header("Account")
    st.markdown(f"Signed in as **{escape_markdown(person.name)}**, {person.role.value}.")
    if mode is AccessMode.OIDC:
        sign_out_button()
