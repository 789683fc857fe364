"""Facts in the bar of the Analytics page."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from components.analytics.bar.facts import damage_note


@pytest.mark.parametrize(
    ("codec", "damaged", "is_noted"), [("hevc", True, True), ("hevc", False, False), ("h264", True, False)]
)
def test_only_damaged_hevc_is_said_to_be_partly_recognized(codec: str, damaged: bool, is_noted: bool) -> None:
    view: Any = SimpleNamespace(results=SimpleNamespace(damaged=np.array([False, damaged])))
    video: Any = SimpleNamespace(info=SimpleNamespace(codec=codec))
    assert bool(damage_note(view, video)) is is_noted
    assert damage_note(view, None) is None
