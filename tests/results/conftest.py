"""How archives are made is tested here, so that each test makes its own."""

from __future__ import annotations

import pytest

from frametally.results import archive_results
from tests.support import documents


@pytest.fixture(autouse=True)
def archives_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "archive_cached", archive_results)
