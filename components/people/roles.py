"""The people of this dashboard, with their roles."""

from __future__ import annotations

import streamlit as st

from components.access import current_person
from components.formatting import escape_markdown
from frametally.access.access import Access
from frametally.access.person import Role
from frametally.deployment import Deployment
from frametally.ledger.people import KnownPerson, all_people
from frametally.team.people import ASSIGNABLE, forget_person, grant, sign_out_person

_DEFAULT = "as in the settings"


def roles(deployment: Deployment) -> None:
    """Draw everyone who has signed in; each can be given a role, signed out and removed."""
    people = all_people(deployment.ledger)
    if not people:
        st.info("People appear here once they have signed in.", icon=":material/group:")
    for person in people:
        _person(deployment, person)


def _person(deployment: Deployment, person: KnownPerson) -> None:
    settings, name = deployment.settings, escape_markdown(person.name)
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=person.id):
        details = " · ".join(part for part in (person.email, person.subject, person.issuer.split("://")[-1]) if part)
        st.markdown(f"**{name}**  \n:small[{escape_markdown(details)}]", width="stretch")
        if person.subject in settings.access_admins:
            st.markdown("admin, by the settings", width="content")
        else:
            _role(deployment, person)
        if st.button("Sign out", key=f"out-{person.id}", type="tertiary", help=f"End all sign-ins of {name}"):
            sign_out_person(deployment.ledger, person, actor=current_person())
            _done(deployment.access)
        with st.popover("Remove", key=f"remove-{person.id}", type="tertiary"):
            st.write("Ends all sign-ins and the role. Jobs and history remain, as of a former user.")
            if st.button(f"Remove {name}", key=f"removed-{person.id}"):
                forget_person(deployment.ledger, person, actor=current_person())
                _done(deployment.access)


def _role(deployment: Deployment, person: KnownPerson) -> None:
    options = [None, *ASSIGNABLE]
    current = Role(person.role) if person.role else None
    chosen = st.selectbox(
        f"Role of {person.name}",
        options,
        options.index(current),
        key=f"role-{person.id}-{person.role}",  # with the role: an older tab must not undo a change of another admin
        format_func=lambda role: role.value if role else f"{_DEFAULT} ({deployment.settings.access_role})",
        label_visibility="collapsed",
        width=260,
    )
    if chosen is not current:
        grant(deployment.ledger, person, chosen, actor=current_person())
        _done(deployment.access)


def _done(access: Access) -> None:
    if access.people:
        access.people.forget_answers()
    st.rerun()
