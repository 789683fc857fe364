"""The number of iterations of a test: its short form, or more in `make soak`."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable
from typing import Any

import pytest


def iterations(short: int) -> int:
    """Return `short`, times `SOAK_FACTOR` if that is set."""
    return short * int(os.environ.get("SOAK_FACTOR", "1"))


def shortened(every: Iterable[Any], short: Container[Any]) -> list[Any]:
    """Parameters of a test, of which those that are not in `short` run only in `make soak`."""
    return [each if each in short else _parameters(each, marks=pytest.mark.soak) for each in every]


def _parameters(each: Any, *, marks: pytest.MarkDecorator) -> Any:
    return pytest.param(*each, marks=marks) if isinstance(each, tuple) else pytest.param(each, marks=marks)
