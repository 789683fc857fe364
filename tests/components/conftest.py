"""Components under AppTest."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True, scope="session")
def scan_once(without_component_scan: None) -> None:
    """Scan the installed packages once for all tests."""
