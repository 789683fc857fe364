"""Results are read in the process of the tests: starting another one takes longer than most of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from frametally.jobs import collect
from frametally.results import archive_results


@pytest.fixture(autouse=True)
def reading_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """`tests/results/test_limits.py` and the tests with a whole dashboard use the other process."""

    def read(json_path: Path, folder: Path, max_bytes: int) -> None:
        archive_results(json_path, folder, max_bytes=max_bytes)

    monkeypatch.setattr(collect, "archive_in_subprocess", read)
