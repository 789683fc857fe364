"""The tests of jobs read results in their own process."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def reading_here(reading_in_this_process: None) -> None:
    """See there."""
