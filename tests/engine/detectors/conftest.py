"""The tests of this room examine models in their own process; `test_inspection` uses the child process."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_child_process(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("child_process") is None:
        request.getfixturevalue("no_child_process")
