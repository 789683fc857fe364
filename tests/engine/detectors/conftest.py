"""The tests of this room examine models in their own process; `test_inspection` uses the child process."""

from __future__ import annotations

import pytest

from frametally.engine.detectors.selection import inspection
from frametally.engine.detectors.selection.child import examine


@pytest.fixture(scope="session")
def inspector_in_process() -> inspection.Inspector:
    return inspection.Inspector(examine)


@pytest.fixture(autouse=True)
def _no_child_process(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, inspector_in_process: inspection.Inspector
) -> None:
    if request.node.get_closest_marker("child_process") is None:
        monkeypatch.setattr(inspection, "_INSPECTOR", inspector_in_process)
