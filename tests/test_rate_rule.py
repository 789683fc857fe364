"""The rule for a frame rate, shared by preflight, the rate picker and the engine."""

from __future__ import annotations

import pytest

from frametally.contract import rate_refusal


@pytest.mark.parametrize(
    ("video_fps", "rate", "reason"),
    [
        (10, 10, ""),
        (30000 / 1001, 29.97, ""),
        (30000 / 1001, 30, ""),  # a rounding, not a mistake
        (None, 60, ""),
        (10, 10.5, "cannot be analyzed at 10.5"),
        (30000 / 1001, 31, "cannot be analyzed at 31"),
        (240, 121, "between 1 and 120, not 121"),
        (10, 0, "between 1 and 120, not 0"),
        (None, 240, "between 1 and 120, not 240"),
        (None, float("nan"), "between 1 and 120, not nan"),
    ],
)
def test_a_rate_is_refused_outside_the_limits_and_above_the_video_s(
    video_fps: float | None, rate: float, reason: str
) -> None:
    refusal = rate_refusal(rate, video_fps)
    assert reason in refusal
    assert bool(refusal) == bool(reason)
