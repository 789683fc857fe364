"""Numbers, shares and times in the templates; what is not known is a dash."""

from __future__ import annotations

from typing import Final

from frametally.reports.texts import clock

_UNKNOWN: Final = "–"


def number(value: float | None, digits: int) -> str:
    """`1,234.50`."""
    return _UNKNOWN if value is None else f"{value:,.{digits}f}"


def share(value: float | None, digits: int = 0) -> str:
    """`42 %`."""
    return _UNKNOWN if value is None else f"{value * 100:.{digits}f} %"


def moment(seconds: float | None) -> str:
    """A position or duration."""
    return _UNKNOWN if seconds is None else clock(seconds)


def capital(text: str) -> str:
    """With a capital letter at the beginning."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """With a capital letter at the beginning, and a full stop."""
    return capital(text) if text.endswith(".") else f"{capital(text)}."


FORMATS: Final = {
    "number": number,
    "share": share,
    "moment": moment,
    "capital": capital,
    "sentence": sentence,
    "clock": clock,
}
