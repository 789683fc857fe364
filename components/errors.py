"""What failed, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from frametally.errors import FrametallyError
from frametally.health.checks import ledger_unavailable


@contextmanager
def show_errors() -> Iterator[None]:
    """Tell of an error in here, in the place of what it kept from being drawn; a decorator too.

    Each fragment and each dialog needs it: Streamlit runs them alone, without the shell around them, and handles
    their errors itself.
    """
    try:
        yield
    except FrametallyError as error:
        show_error(error)
    except SQLAlchemyError as error:
        show_error(ledger_unavailable(error))


def show_error(error: FrametallyError) -> None:
    """Show an error as the person can use it."""
    st.error(f"**{escape_markdown(error.what)}**  \n{escape_markdown(error.next_step)}", icon=":material/error:")


def escape_markdown(text: str) -> str:
    """Text from outside, so that Markdown shows it as it is."""
    return "".join(f"\\{sign}" if sign in _MARKDOWN else sign for sign in text)


_MARKDOWN = set("\\`*_{}[]()<>#|~$:!")
