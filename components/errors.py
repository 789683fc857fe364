"""Errors on the pages: what failed, then what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from components.access.sign_in import require_sign_in
from components.formatting import escape_markdown
from frametally.errors import AccessDenied, FrametallyError
from frametally.health.checks import ledger_unavailable


@contextmanager
def show_errors() -> Iterator[None]:
    """Show an error raised in this block in its place; also works as a decorator.

    Every fragment and dialog needs it: Streamlit reruns them without the shell around them and handles their
    exceptions itself. If the person has signed out since, the whole page runs again instead, and asks to sign in.
    """
    try:
        require_sign_in()
        yield
    except FrametallyError as error:
        show_error(error)
    except SQLAlchemyError as error:
        show_error(ledger_unavailable(error))


def show_error(error: FrametallyError) -> None:
    """Show one error."""
    text = f"**{escape_markdown(error.what)}**  \n{escape_markdown(error.next_step)}"
    if isinstance(error, AccessDenied):
        st.info(text, icon=":material/lock:")
    else:
        st.error(text, icon=":material/error:")
