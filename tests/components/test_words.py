"""How times, sizes and foreign text are written."""

from __future__ import annotations

import pytest

from components.errors import escape_markdown
from components.session import service_label
from components.video_card import format_time


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00.0"), (39.86, "0:39.9"), (59.96, "1:00.0"), (60, "1:00.0"), (3723, "1:02:03.0")]
)
def test_a_time_in_the_video_reads_like_a_players(seconds: float, text: str) -> None:
    assert format_time(seconds) == text


def test_foreign_text_is_no_markdown() -> None:
    assert escape_markdown("*a* [b](c) $1 :red[x]") == r"\*a\* \[b\]\(c\) \$1 \:red\[x\]"


@pytest.mark.parametrize(
    ("service", "label"),
    [
        ("embedded", "Built-in engine"),
        ("https://api.roboflow.com", "Roboflow"),
        ("http://engine:9001", "engine:9001"),
    ],
)
def test_a_service_is_named_as_people_call_it(service: str, label: str) -> None:
    assert service_label(service) == label
