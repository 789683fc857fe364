"""Ages, estimates, video times and text from outside as they appear on the pages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from components.formatting import (
    distinct_labels,
    escape_markdown,
    format_age,
    format_estimate,
    format_time,
    plural,
    said_by_service,
)


@pytest.mark.parametrize(
    ("age_s", "text"),
    [
        (-3, "just now"),
        (1, "just now"),
        (20, "20 s ago"),
        (59.7, "59 s ago"),
        (3599, "59 min ago"),
        (180, "3 min ago"),
        (86_400, "1 d ago"),
    ],
)
def test_an_age_is_shown_in_its_largest_unit(age_s: float, text: str) -> None:
    assert format_age(timedelta(seconds=age_s)) == text


@pytest.mark.parametrize(
    ("low_s", "high_s", "text"),
    [
        (130, 170, "about 2-3 min"),
        (40, 58, "about 40-60 s"),
        (2.2, 3.9, "about 2-4 s"),
        (58, 130, "about 55 s to 2.5 min"),
        (121, 180, "about 2-3 min"),
        (120.0, 120.1, "about 2-2.5 min"),
        (11.5, 14.2, "about 11-15 s"),
        (301, 420, "about 5-7 min"),
        (4000, 9000, "about 66 min to 2.5 h"),
        (5 * 3600, 7 * 3600, "about 5-7 h"),
        (50 * 3600, 70 * 3600, "about 2-3 d"),
        (0, 3.2, "less than 4 s"),
        (0, 100, "less than 2 min"),
        (0.2, 0.4, "less than 1 s"),
    ],
)
def test_a_range_is_rounded_outwards(low_s: float, high_s: float, text: str) -> None:
    assert format_estimate(low_s, high_s) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "about 1 s"),
        (7.4, "about 7 s"),
        (56.8, "about 55 s"),
        (100, "about 1.5 min"),
        (3_600, "about 60 min"),
        (9_000, "about 2.5 h"),
    ],
)
def test_a_single_estimate_is_rounded_to_its_precision(seconds: float, text: str) -> None:
    assert format_estimate(seconds, seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00.0"), (39.86, "0:39.9"), (59.96, "1:00.0"), (60, "1:00.0"), (3723, "1:02:03.0")]
)
def test_a_time_in_the_video_is_written_as_in_a_player(seconds: float, text: str) -> None:
    assert format_time(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 jobs"), (1, "1 job"), (2000, "2,000 jobs")])
def test_a_count_agrees_with_its_noun(count: int, text: str) -> None:
    assert plural(count, "job") == text


def test_text_from_outside_is_not_interpreted_as_markdown() -> None:
    assert escape_markdown("*a* [b](c) $1 :red[x]") == r"\*a\* \[b\]\(c\) \$1 \:red\[x\]"


def test_repeated_labels_have_the_beginning_of_their_id() -> None:
    labels = distinct_labels({"3f2a9c1e77": "door.mp4", "b0": "yard.mp4", "77aa01c2d4": "door.mp4"})
    assert list(labels.values()) == ["door.mp4 · 3f2a9c1e", "yard.mp4", "door.mp4 · 77aa01c2"]


def test_what_a_service_said_of_a_refused_job_is_shown_without_its_response() -> None:
    refused = "Starting the job failed: 127.0.0.1 returned 400 Bad Request: model a/7 is not installed. Try again."
    assert said_by_service(refused) == "Model a/7 is not installed. Try again."
    assert said_by_service("Starting the job failed: 127.0.0.1 returned 400 Bad Request. Try again.") == ""
    assert said_by_service("Could not connect to 127.0.0.1: connection refused.") == ""
    silent = "Checking the status failed: 127.0.0.1 returned 429 Too Many Requests."
    assert said_by_service(f"{silent} Look it up at the service: its id there is 7.") == ""
    assert said_by_service(f"The job could not be submitted for 24 h. {refused}") == ""
