"""Results that several tests of the analysis share."""

from __future__ import annotations

from pathlib import Path

import pytest

from frametally.results import Results
from tests.support.documents import archived, box, document, entry


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """Six entries with 2, unknown, 0, 1, 0 and 1 cars, and one person in the last, at a confidence of 0.3."""
    return archived(
        tmp_path,
        document(
            entry(box("car", 0.9), box("car", 0.3), box("car", 0.2999999)),
            None,
            entry(),
            entry(box("car", 0.5)),
            entry(box("person", 0.1)),
            entry(box("person", 0.8), box("car", 0.4)),
        ),
    )
