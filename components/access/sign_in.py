"""The page for those who have not signed in, or have no role yet."""

from __future__ import annotations

from typing import Final

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from components.access import current_client, current_person, is_allowed
from components.formatting import escape_markdown
from components.session import get_deployment
from frametally.access.permissions import Action, only_owner
from frametally.config.access_mode import AccessMode
from frametally.team.sign_outs import sign_out

_DRAWN_FOR: Final = "access_drawn_for"
"""The owner whose jobs alone the page was drawn with."""


def require_sign_in() -> None:
    """End this run, with the page that asks to sign in, unless this session may view jobs.

    A fragment asks for a run of the whole page if the person has signed out, or sees other jobs, since it was drawn.
    """
    context = get_script_run_ctx()
    is_fragment = bool(context and context.fragment_ids_this_run)
    if is_allowed(Action.LOOK):
        owner = only_owner(current_person())
        if is_fragment and st.session_state.get(_DRAWN_FOR, owner) != owner:
            st.rerun()
        st.session_state[_DRAWN_FOR] = owner
        return
    if is_fragment:
        st.rerun()
    _page()
    st.stop()


def _page() -> None:
    access, client = get_deployment().access, current_client()
    identity = access.identity(client) if client else None
    st.title("Sign in")
    if identity is None or access.is_ended(identity):
        _ask_to_sign_in(access.mode)
        return
    st.info(
        f"You are signed in as **{escape_markdown(identity.name)}**, without a role in this dashboard. "
        "Ask an admin to give you one. Your ID:",
        icon=":material/badge:",
    )
    st.code(identity.subject, language=None)
    if access.mode is AccessMode.OIDC:
        sign_out_button()


def _ask_to_sign_in(mode: AccessMode) -> None:
    if mode is AccessMode.PROXY:
        st.info("Open this dashboard through the address where your team signs in.", icon=":material/lock:")
    else:
        st.write("This dashboard is for the members of a team.")
        st.button("Sign in", type="primary", icon=":material/login:", key="sign_in", on_click=st.login)


def sign_out_button() -> None:
    """Offer to end the sign-in of this browser, or of all browsers of this person."""
    everywhere = st.checkbox("In all browsers", key="sign_out_everywhere")
    if st.button("Sign out", icon=":material/logout:", key="sign_out"):
        deployment, client = get_deployment(), current_client()
        if client:
            sign_out(deployment.access, deployment.ledger, client, everywhere=everywhere)
        st.logout()
        st.stop()
