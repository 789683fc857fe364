"""The real videos, models and results in `../shared/data`, which few checkouts have."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real videos, models and results; tests that need them are skipped where the folder is missing."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the real data is missing: {SHARED_DATA}")
    return SHARED_DATA
