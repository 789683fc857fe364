"""A link that shows the brief without an account: its options, and once it is made, the link."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Final

import streamlit as st

from components.access import current_person
from components.analytics.sharing.copied_text import CopiedText, copied_texts
from components.errors import show_error
from components.formatting import escape_markdown
from frametally.deployment import Deployment
from frametally.errors import FrametallyError
from frametally.reports.request import BriefRequest
from frametally.reports.shares.passwords import MAX_PASSWORD_CHARS
from frametally.reports.shares.shares import DEFAULT_DAYS, MAX_DAYS, MAX_NAME_CHARS, ShareOptions

_MADE: Final = "made_share"
_CUSTOM: Final = 0
_EXPIRIES: Final = {1: "1 day", 7: "7 days", DEFAULT_DAYS: "30 days", 90: "90 days", 365: "1 year", _CUSTOM: "Date…"}
_FROZEN, _FOLLOWS = "As it is now", "Keeps up with the job"


def forget_link() -> None:
    """The dialog is closed: the link is shown once."""
    st.session_state.pop(_MADE, None)


def has_link() -> bool:
    """Whether a link was made in this dialog."""
    return _MADE in st.session_state


def link_form(deployment: Deployment, request: BriefRequest, *, has_video: bool) -> None:
    """Draw the options and the button that makes the link."""
    options = _options(deployment.workflow.clock(), request, has_video=has_video)
    bar = st.empty()

    def show(share: float) -> None:
        bar.progress(min(share, 1.0), text=f"Preparing the brief · {share:.0%}")

    if st.button("Create link", type="primary", icon=":material/add_link:", key="share_create"):
        try:
            new = deployment.shares.create(request, options, actor=current_person(), progress=show)
        except FrametallyError as error:
            bar.empty()
            show_error(error)
            return
        st.session_state[_MADE] = new.path, new.share.name, new.share.expires_at, bool(new.share.password_hash)
    st.page_link("../pages/shares.py", label="All shared links", icon=":material/link:")


def _options(now: datetime, request: BriefRequest, *, has_video: bool) -> ShareOptions:
    name = st.text_input(
        "Name of the link (optional)",
        key="share_name",
        max_chars=MAX_NAME_CHARS,
        placeholder=request.title or "As the title",
        help="Only shown to you and admins.",
    )
    left, right = st.columns(2)
    with left:
        expires_at = _expiry(now)
    password = right.text_input(
        "Password (optional)", type="password", key="share_password", max_chars=MAX_PASSWORD_CHARS, autocomplete="off"
    )
    content = st.radio("Content", [_FROZEN, _FOLLOWS], key="share_content", horizontal=True)
    wants_video = has_video and st.toggle(
        "Include the whole video",
        key="share_video",
        disabled=request.blurs,
        help="Also shows what is outside of the time range." if not request.blurs else "Not beside blurred pictures.",
    )
    shows_preview = st.toggle(
        "Title and picture in chat programs",
        key="share_preview",
        disabled=bool(password),
        help="Without it, they show the words *Shared view*.",
    )
    return ShareOptions(
        name=name,
        expires_at=expires_at,
        password=password,
        follows=content == _FOLLOWS,
        has_video=bool(wants_video) and not request.blurs,
        shows_preview=shows_preview,
    )


def _expiry(now: datetime) -> datetime:
    days = st.selectbox(
        "Expires after",
        list(_EXPIRIES),
        list(_EXPIRIES).index(DEFAULT_DAYS),
        format_func=_EXPIRIES.__getitem__,
        key="share_expiry",
    )
    if days != _CUSTOM:
        return now + timedelta(days=days)
    tomorrow = now.date() + timedelta(days=1)
    last = st.date_input(
        "Last day (UTC)",
        tomorrow + timedelta(days=DEFAULT_DAYS),
        min_value=tomorrow,
        max_value=now.date() + timedelta(days=MAX_DAYS - 1),
        key="share_last_day",
    )
    return datetime.combine(last, time.max, UTC)


def made_link(deployment: Deployment) -> None:
    """Draw the link that was made."""
    path, name, expires_at, has_password = st.session_state[_MADE]
    secret = " It asks for the password, which the link does not contain." if has_password else ""
    st.success(
        f"**{escape_markdown(name)}** can be opened until {expires_at:%d %b %Y, %H:%M} UTC by everyone who has the "
        f"link.{secret} Copy the link now: it is not shown again.",
        icon=":material/check_circle:",
    )
    base_url = deployment.settings.public_url or ""
    texts = [CopiedText(label="Link", path=path, base_url=base_url)]
    if deployment.settings.embed_sites and not has_password:
        texts.append(CopiedText(label="Code to embed it", path=path, base_url=base_url, form="embed"))
    copied_texts(texts, key="made_link")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Create another link", icon=":material/add_link:", key="share_another", on_click=forget_link)
        st.page_link("../pages/shares.py", label="All shared links", icon=":material/link:")
