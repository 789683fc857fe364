"""The button *Share* and its dialog: a link for people without an account, or a brief as a file."""

from __future__ import annotations

import streamlit as st

from components.access import is_allowed
from components.analytics.sharing.brief_file import brief_file
from components.analytics.sharing.brief_options import brief_request
from components.analytics.sharing.copied_text import CopiedText, copied_texts
from components.analytics.sharing.link_form import forget_link, has_link, link_form, made_link
from components.errors import show_errors
from components.session import serves_routes, visit_of
from frametally.access.permissions import Action
from frametally.analysis.view import View
from frametally.deployment import Deployment
from frametally.job import Job
from frametally.library.video_store import StoredVideo

_OPEN = "share_dialog"
_LINK, _FILE = "Share by link", "Download a brief"


@st.fragment
@show_errors()
def share_button(deployment: Deployment, job: Job, view: View | None, video: StoredVideo | None) -> None:
    """Draw the button; what the dialog offers is looked up only when it is opened."""
    opened = visit_of("analytics"), job.id  # the dialog does not open again by itself on another visit
    if st.button("Share", icon=":material/share:", key="share", help="Share this view by link or as a file"):
        forget_link()
        st.session_state[_OPEN] = opened
    if st.session_state.get(_OPEN) == opened:
        _dialog(deployment, job, view, video)


def _close() -> None:
    st.session_state.pop(_OPEN, None)
    forget_link()


@st.dialog("Share this view", icon=":material/share:", on_dismiss=_close)
@show_errors()
def _dialog(deployment: Deployment, job: Job, view: View | None, video: StoredVideo | None) -> None:
    st.caption("For people with access to this dashboard:")
    copied_texts([CopiedText(label="Address of this page")], key="page_address")
    if view is None:
        st.info("These results contain no frames that can be charted.", icon=":material/info:")
        return
    st.caption("For everyone else, a brief of this view: its numbers, charts and frames, read-only.")
    ways = [*([_LINK] if serves_routes() else []), _FILE]
    chosen = st.segmented_control(
        "How", ways, default=ways[0], key="share_way", label_visibility="collapsed", width="stretch"
    )
    is_link = (chosen or ways[0]) == _LINK
    place = st.empty()
    if not (is_link and has_link()):
        with place.container():
            _brief(deployment, job, view, video, is_link=is_link)
    if is_link and has_link():
        place.empty()
        made_link(deployment)


def _brief(deployment: Deployment, job: Job, view: View, video: StoredVideo | None, *, is_link: bool) -> None:
    """What the brief shows, and the button that makes it."""
    request = brief_request(view, job, video)
    if not is_link:
        brief_file(deployment, job, request)
    elif is_allowed(Action.SHARE, job.owner):
        link_form(deployment, request, has_video=video is not None)
    else:
        st.info("You cannot share views by link. Ask an analyst, or download the brief.", icon=":material/lock:")
