"""Which of two compared models is nearer to what people have seen in checked frames."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.formatting import escape_markdown, plural
from frametally.analysis.view import View
from frametally.audit.nearer import Nearer, Side
from frametally.rendering.audits.models import OtherModel


def checked_frames(view: View, found: OtherModel | None) -> None:
    """Draw one sentence; nothing without checked frames."""
    if found is not None:
        only = found.classes if len(found.classes) < len(view.names) else ()
        st.markdown(sentence(view.model, found.model, found.result, only))


def sentence(model: str, other: str, found: Nearer, only: Sequence[str] = ()) -> str:
    """Markdown; `only` are the compared classes, where they are not all of the view."""
    one, two = escape_markdown(model), escape_markdown(other)
    errors = f"{one} is off by {found.one.mean_absolute:.2f} per frame, {two} by {found.other.mean_absolute:.2f}"
    of = f", of the classes that both know: {', '.join(map(escape_markdown, only))}" if only else ""
    if found.difference is None:
        return f"{_verdict(one, two, found)} {errors}; too few checked frames for an interval{of}."
    low, high = found.difference
    between = f"95 % interval of the difference {low:+.2f} to {high:+.2f}".replace("-", "\N{MINUS SIGN}")
    return f"{_verdict(one, two, found)} {errors} ({between}), in {plural(found.frames, 'checked frame')}{of}."


def _verdict(one: str, other: str, found: Nearer) -> str:
    if found.nearer is Side.UNKNOWN:
        return "**Cannot say which model is nearer** to what was seen in the checked frames:"
    return f"**{one if found.nearer is Side.ONE else other} is nearer** to what was seen in the checked frames:"
