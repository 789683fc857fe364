"""The rates that are offered for a video, and why another one is refused."""

from __future__ import annotations

from fractions import Fraction

import pytest

from components.rate_picker import every_nth
from frametally.contract import ENGINE_RATES, SERVICE_RATES
from frametally.video.probe import VideoInfo

DIVISORS_OF_240 = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 16, 20, 24, 30, 40, 48, 60, 80, 120, 240]


def facts(frame_rate: str, frame_count: int = 300) -> VideoInfo:
    return VideoInfo(
        container="mp4",
        codec="h264",
        width_px=320,
        height_px=240,
        duration_s=float(frame_count / Fraction(frame_rate)),
        frame_rate=frame_rate,
        frame_count=frame_count,
        rotation_deg=0,
        size_bytes=1000,
    )


@pytest.mark.parametrize(
    ("frame_rate", "steps", "engine_steps"),
    [
        ("10", [1, 2, 3, 5, 6, 10], [1, 2, 3, 5, 6, 10]),
        ("25", [1, 2, 3, 5, 6, 10, 15, 25], [1, 2, 3, 5, 6, 10, 15, 25]),
        ("25/2", [1, 2, 3, 5, 6, 10], [1, 2, 3, 5, 6, 10]),
        ("179/6", [1, 2, 3, 5, 6, 10, 15], [1, 2, 3, 5, 6, 10, 15, 30]),
        ("1", [1], [1]),
        ("1/2", [], [1]),
        ("240", DIVISORS_OF_240[1:], DIVISORS_OF_240),
    ],
)
def test_the_offered_rates_divide_the_video_and_are_allowed_by_the_service(
    frame_rate: str, steps: list[int], engine_steps: list[int]
) -> None:
    assert every_nth(facts(frame_rate), SERVICE_RATES) == steps
    assert every_nth(facts(frame_rate), ENGINE_RATES) == engine_steps


@pytest.mark.parametrize(("rate", "frames"), [(10, 40), (5, 20), (3, 12), (1, 4)])
def test_the_number_of_analyzed_frames_is_known_in_advance(rate: float, frames: int) -> None:
    assert facts("10", 40).planned_count(rate) == frames
