"""Who uses this session, and what the pages offer them."""

from __future__ import annotations

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError
from streamlit import config, runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from components.session import whole_deployment
from frametally.access.direct_client import Client
from frametally.access.permissions import OPEN_LINE, Action, Scope, advice, may, require, scope_of
from frametally.access.person import OPERATOR, Person, Role
from frametally.errors import FrametallyError
from frametally.library.tickets import Tickets

_CLIENT = "access_client"


def current_person() -> Person:
    """The person of this session: decides what pages offer, and is passed to every action.

    Asked in every run of a page, fragment or dialog, as rights can end while a tab is open.
    """
    client = current_client()
    return OPERATOR if client is None else whole_deployment().access.person(client)


def current_client() -> Client | None:
    """The browser of this session; None if there is none, as in tests that run a page without a server.

    A browser that has just disconnected is still the one that it was: its last run must not gain rights.
    """
    if config.get_option("global.appTest"):
        return None
    context = get_script_run_ctx()
    connected = runtime.get_instance().get_client(context.session_id) if context and runtime.exists() else None
    known: Client | None = st.session_state.get(_CLIENT)
    described = connected.client_context if connected else None
    if described is None:
        return known or Client(None, ())
    found = Client.of(described.remote_ip, described.headers)
    if found != known:
        st.session_state[_CLIENT] = found
    return found


def own_tickets() -> Tickets:
    """The tickets of this session: for the person who uses it, in this browser."""
    return whole_deployment().tickets.held_by(current_person().holder)


def is_allowed(action: Action, *owners: str | None) -> bool:
    """Whether this session may do it, to what these people own."""
    return may(current_person(), action, *owners)


def is_ever_allowed(action: Action) -> bool:
    """Whether this session may do it at least to what is its own."""
    return scope_of(current_person(), action) is not Scope.NOTHING


def has_people() -> bool:
    """Whether people sign in here, and this session may manage them."""
    if current_client() is None:
        return False
    try:
        return whole_deployment().access.people is not None and is_allowed(Action.MANAGE_PEOPLE)
    except (FrametallyError, SQLAlchemyError):  # the page shows it
        return False


def need(action: Action) -> None:
    """Refuse the rest of the page.

    Raises:
        AccessDenied: this session may not do it; the message says what would allow it.
    """
    require(current_person(), action)


def access_notice() -> None:
    """State what this session may do if it is not everything, and which line changes that."""
    person = current_person()
    if person.role is Role.GUEST:
        st.info(
            "You can view everything here and run the sample. To allow uploads and jobs from other machines, add the "
            f"line `{OPEN_LINE}` to the settings: everyone who can open this page then has all rights.",
            icon=":material/visibility:",
        )
    elif person.role is Role.VIEWER:
        st.info(
            f"You are a viewer: you can view everything here. {advice(person, Action.RUN)}",
            icon=":material/visibility:",
        )
