"""Read the requirement files, the lock, and the dependencies in pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

ROOT = Path(__file__).parents[2]
EXPORTS = {
    "requirements.txt": ["postgresql"],
    "requirements-dev.txt": ["postgresql", "dev"],
    "demo/requirements.txt": ["train"],
    "deploy/requirements.txt": ["postgresql", "storage", "cluster"],
}
"""The extras whose packages each exported file pins, besides the dependencies."""


@dataclass(frozen=True)
class Pin:
    """One pinned version of a package; a package has several pins if its version depends on a marker."""

    requirement: Requirement
    hashes: frozenset[str]

    @property
    def name(self) -> NormalizedName:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        return str(self.requirement.specifier).removeprefix("==")

    @property
    def applies_here(self) -> bool:
        return self.requirement.marker is None or self.requirement.marker.evaluate()


def read_pins(path: Path) -> list[Pin]:
    """The pins of a file in pip's format; comments are skipped."""
    lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    entries = "\n".join(lines).replace("\\\n", " ").splitlines()
    return [_parse_pin(entry) for entry in entries if entry.strip()]


def _parse_pin(entry: str) -> Pin:
    requirement, *_ = entry.split(" --hash=")
    return Pin(Requirement(requirement.strip()), frozenset(re.findall(r"--hash=(\S+)", entry)))


def read_project() -> dict[str, Any]:
    """The `[project]` table of pyproject.toml."""
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project


def declared(extras: Sequence[str] = ()) -> list[Requirement]:
    """The dependencies of the project with those of the extras."""
    project = read_project()
    optional = project["optional-dependencies"]
    return [
        Requirement(text) for text in (*project["dependencies"], *(text for name in extras for text in optional[name]))
    ]


def closure_of(direct: Sequence[Requirement]) -> set[NormalizedName]:
    """The names of these packages and of their transitive dependencies that apply to this environment.

    Dependencies are read from the metadata of the installed packages; a package that is not installed has none.
    """
    seen: set[tuple[NormalizedName, str]] = set()
    waiting = list(direct)
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        for extra in {"", *requirement.extras} - {known for other, known in seen if other == name}:
            seen.add((name, extra))
            waiting += _requirements_of(name, extra)
    return {name for name, _ in seen}


def _requirements_of(name: NormalizedName, extra: str) -> Iterator[Requirement]:
    try:
        listed = [Requirement(text) for text in requires(name) or []]
    except PackageNotFoundError:
        return
    yield from (needed for needed in listed if needed.marker is None or needed.marker.evaluate({"extra": extra}))
