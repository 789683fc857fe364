"""The links that are valid, with who made them and how often they were opened; each can be ended."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.access import current_person, is_allowed
from components.errors import show_error, show_errors
from components.formatting import escape_markdown, plural
from frametally.access.permissions import Action
from frametally.deployment import Deployment
from frametally.errors import FrametallyError
from frametally.ledger.people import all_people
from frametally.ledger.shares import Share

_DIALOG = "share_to_end"
_MAX_SHOWN = 100
_FORMER = "a former user"
_NOT_SERVED = ":material/link_off: Not served: its job, its video or its owner's rights are gone"


def share_list(deployment: Deployment) -> None:
    """Draw the links that this person may end: own ones, for an admin all."""
    shares = deployment.shares.seen_by(current_person())
    if not shares:
        st.info("No shared links. *Share* on the Analytics page creates one.", icon=":material/link:")
        return
    names = {person.id: person.name for person in all_people(deployment.ledger)}
    for share in _shown(shares):
        _share(deployment, share, "" if share.maker is None else names.get(share.maker, _FORMER))
    if chosen := next((share for share in shares if share.id == st.session_state.get(_DIALOG)), None):
        _confirm(deployment, chosen)


def _shown(shares: Sequence[Share]) -> Sequence[Share]:
    """All of them, or of many the newest ones whose name has the text that is searched for."""
    if len(shares) <= _MAX_SHOWN:
        return shares
    text = st.text_input("Search by name", key="share_search").strip().casefold()
    found = [share for share in shares if text in share.name.casefold()]
    if len(found) > _MAX_SHOWN:
        st.caption(f"The newest {_MAX_SHOWN} of {plural(len(found), 'link')}.")
    return found[:_MAX_SHOWN]


def _share(deployment: Deployment, share: Share, maker: str) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"share-{share.id}"):
        lines = [f"**{escape_markdown(share.name)}**", f":small[{_facts(share, maker)}]"]
        if not deployment.shares.is_valid(share):
            lines.append(f":orange-badge[{_NOT_SERVED}]")
        st.markdown("  \n".join(lines), width="stretch")
        st.markdown(f"**{plural(share.views, 'view')}**  \n:small[{_last_view(share)}]", width="content")
        allowed = is_allowed(Action.END_SHARE, share.maker)
        if st.button("End", icon=":material/link_off:", key=f"end-{share.id}", disabled=not allowed):
            st.session_state[_DIALOG] = share.id


def _facts(share: Share, maker: str) -> str:
    facts = [
        f"created {share.created_at:%d %b %Y}{f' by {escape_markdown(maker)}' if maker else ''}",
        f"expires {share.expires_at:%d %b %Y, %H:%M} UTC",
        "keeps up with the job" if share.follows else "",
        "with video" if share.has_video else "",
        "password" if share.password_hash else "",
    ]
    return " · ".join(fact for fact in facts if fact)


def _last_view(share: Share) -> str:
    return f"last {share.last_viewed_at:%d %b, %H:%M} UTC" if share.last_viewed_at else "not opened yet"


def _close() -> None:
    st.session_state.pop(_DIALOG, None)


@st.dialog("End link", icon=":material/link_off:", on_dismiss=_close)
@show_errors()
def _confirm(deployment: Deployment, share: Share) -> None:
    st.markdown(f"End **{escape_markdown(share.name)}**? It is refused at once, and cannot be restored.")
    with st.container(horizontal=True):
        is_confirmed = st.button("End link", type="primary", key="share_end")
        is_canceled = st.button("Cancel", key="share_keep")
    if is_canceled:
        _close()
        st.rerun()
    if is_confirmed:
        try:
            deployment.shares.end(share.id, actor=current_person())
        except FrametallyError as error:
            show_error(error)
            return
        _close()
        st.rerun()
