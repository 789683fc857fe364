"""The links and the paths in the documentation exist."""

from __future__ import annotations

import re

import pytest

from tests.packaging.requirement_files import ROOT

PAGES = sorted(
    str(page.relative_to(ROOT)) for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("demo/*.md"))
)
NAMED = re.compile(r"`((?:frametally|components|pages|tests|benchmarks|demo|docs)/[\w./-]*)`")


def test_every_page_is_checked() -> None:
    assert {"README.md", "CONTRIBUTING.md", "docs/architecture.md", "demo/MODEL_CARD.md"} <= set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_relative_links_point_to_files(page: str) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", (ROOT / page).read_text())
    assert [target for target in targets if not (ROOT / page).parent.joinpath(target).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_paths_in_code_spans_exist(page: str) -> None:
    named = NAMED.findall((ROOT / page).read_text())
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_make_targets_exist(page: str) -> None:
    targets = set(re.findall(r"^(?:\.PHONY: )?([\w -]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([\w-]+)|^make ([\w-]+) +#", (ROOT / page).read_text(), re.MULTILINE))
    assert {first or second for first, second in named} - targets == set()
