"""Drops runs of a fragment for a page that the tab has already left.

Streamlit 1.67 merges such a run, from a timer or a popover that closes, into the run of the new page, or puts it behind
that: it then counts as another change of page, back to the old one, and the tab stays empty or shows the old page.
"""

from __future__ import annotations

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.app_session import AppSession


def drop_runs_of_left_pages() -> None:
    """Make the sessions of this process ignore them. Idempotent."""
    if AppSession.request_rerun.__module__ == __name__:
        return
    ask, send = AppSession.request_rerun, AppSession._enqueue_forward_msg

    def request_rerun(session: AppSession, client_state: ClientState | None) -> None:
        """Ask for a run, unless it is one of a fragment of the page before."""
        if client_state and client_state.page_script_hash:
            if not client_state.fragment_id:
                _open(session, client_state.page_script_hash)
            elif client_state.page_script_hash == _pages(session)[0]:
                return
        ask(session, client_state)

    def enqueue(session: AppSession, message: ForwardMsg) -> None:
        """Send a message; that of `st.navigation` names the page, also after `st.switch_page`."""
        if message.navigation.page_script_hash:
            _open(session, message.navigation.page_script_hash)
        send(session, message)

    AppSession.request_rerun = request_rerun  # type: ignore[method-assign, assignment]
    AppSession._enqueue_forward_msg = enqueue  # type: ignore[method-assign, assignment]


def _pages(session: AppSession) -> tuple[str, str]:
    """The page that was left last, and the current one, by the hashes of their scripts."""
    pages: tuple[str, str] = getattr(session, "_frametally_pages", ("", ""))
    return pages


def _open(session: AppSession, page: str) -> None:
    _, current = _pages(session)
    if page != current:
        session._frametally_pages = current, page  # type: ignore[attr-defined]
