"""Each expectation in docs/expectations.md names a test that exists; at most four say what is missing instead."""

from __future__ import annotations

import re

from tests.support.source_tree import ROOT

ROWS = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \|$", (ROOT / "docs/expectations.md").read_text(), re.MULTILINE)
MAX_MISSING = 4


def test_there_are_45_expectations() -> None:
    assert [int(number) for number, _, _ in ROWS] == list(range(1, 46))
    assert len({what for _, what, _ in ROWS}) == len(ROWS)


def test_each_names_a_test_that_exists() -> None:
    named = [match for _, _, shown_by in ROWS if (match := re.fullmatch(r"`(tests/\S+\.py)::(test_\w+)`", shown_by))]
    gone = [match[0] for match in named if f"def {match[2]}(" not in (ROOT / match[1]).read_text()]
    assert gone == []
    assert len(ROWS) - len(named) <= MAX_MISSING
    assert all(shown_by.endswith(".") for _, _, shown_by in ROWS if not shown_by.startswith("`"))
