"""Reading results in the process of a test: starting another one takes longer than most tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from frametally.jobs import collect
from frametally.results import archive_results, rebuild
from frametally.results.reading.process import MAX_BYTES


@pytest.fixture
def reading_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read new results, and those that are read again, in this process.

    `tests/results/test_limits.py`, `test_archive.py` and the tests with a whole dashboard use the other process.
    """

    def read(json_path: Path, folder: Path, max_bytes: int = MAX_BYTES) -> None:
        archive_results(json_path, folder, max_bytes=max_bytes)

    monkeypatch.setattr(collect, "archive_in_subprocess", read)
    monkeypatch.setattr(rebuild, "archive_in_subprocess", read)
