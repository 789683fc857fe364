"""The public workflows check the pinned packages, and a release lists them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.source_tree import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def text_of(name: str) -> str:
    return (ROOT / ".github" / "workflows" / name).read_text()


def test_known_vulnerabilities_of_every_file_of_pins_are_checked_on_a_schedule() -> None:
    text = text_of("vulnerabilities.yml")
    assert re.search(r'schedule:\n +- cron: "\S+ \S+ \S+ \S+ \S+"', text)
    assert "--require-hashes" in text
    pinned = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("requirements*.txt")} | {"demo/requirements.txt"}
    matrix = re.search(r"requirements: \[(.*)\]", text)
    assert matrix
    assert set(matrix[1].split(", ")) == pinned


def test_a_release_contains_a_list_of_its_packages() -> None:
    text = text_of("release.yml")
    assert "cyclonedx-py requirements requirements.txt" in text
    assert "dist/sbom.cdx.json" in text
    assert 'gh release create "$GITHUB_REF_NAME" dist/*' in text


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_only_read_by_default_and_pins_its_tools(path: Path) -> None:
    text = path.read_text()
    assert re.search(r"^permissions:\n  contents: read$", text, re.MULTILINE)
    tools = re.findall(r"pipx run (?:--spec )?(\S+)", text)
    assert [tool for tool in tools if "==" not in tool] == []
    assert "pull_request_target" not in text


def test_security_md_says_how_to_report() -> None:
    assert "Report a vulnerability" in (ROOT / "SECURITY.md").read_text()
