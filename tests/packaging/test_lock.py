"""pyproject.toml, requirements.lock and the requirement files exported from it agree; `make lock` refreshes them."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from tests.packaging.requirement_files import EXPORTS, ROOT, closure_of, declared, read_pins, read_project
from tests.support.source_tree import statements

LOCK = {(pin.name, pin.version): pin for pin in read_pins(ROOT / "requirements.lock")}
OURS = {"app", "benchmarks", "components", "demo", "frametally", "pages", "tests"}
NOT_DISTRIBUTED = {"_typeshed", "video_inference"}
"""Stubs that mypy bundles, and the package of an earlier version that creates old data in a separate environment."""
IN_AN_ENVIRONMENT_OF_THEIR_OWN = {"motmetrics", "trackers", "trackeval", "moto", "boto3", "botocore"} | {
    "compose_spec",
    "kubernetes_validate",
}
"""What the benchmark of tracking compares with, as `trackers` needs another OpenCV than the product; a server of S3;
schemas for `make lint-deploy`."""
PRODUCT = ("app.py", "components", "frametally", "pages")
PROGRAMS_AND_PLUGINS = {
    "hatchling",
    "oidc-provider-mock",
    "import-linter",
    "mypy",
    "pre-commit",
    "pytest-cov",
    "pytest-timeout",
    "roboflow",
    "ruff",
    "types-requests",
    "types-tqdm",
    "uv",
}
"""Packages of the extra `dev` that no Python file imports; roboflow runs in a separate process."""


def imported_packages(*places: str) -> set[str]:
    """The distributions whose modules these files and folders import, by distribution name."""
    files = [
        file for place in places for file in ([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"))
    ]
    ours = OURS | NOT_DISTRIBUTED | IN_AN_ENVIRONMENT_OF_THEIR_OWN | sys.stdlib_module_names
    modules = {name for file in files for name in top_level_imports(file)} - ours
    known = installed_distributions()
    return {canonicalize_name(known.get(module, [module])[0]) for module in modules}


@cache
def installed_distributions() -> Mapping[str, list[str]]:
    """The distributions that provide each importable module."""
    return packages_distributions()


@cache
def top_level_imports(path: Path) -> set[str]:
    nodes = list(statements(ast.parse(path.read_text())))
    direct = {alias.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return direct | {
        node.module.split(".")[0]
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
    }


def names_of(extras: list[str]) -> set[str]:
    return {canonicalize_name(requirement.name) for requirement in declared(extras)}


def test_product_imports_only_declared_packages() -> None:
    assert imported_packages(*PRODUCT) - names_of(["storage", "cluster"]) == set()


def test_every_declared_dependency_is_imported() -> None:
    assert names_of([]) - imported_packages(*PRODUCT) == set()
    everything = imported_packages(*PRODUCT, "tests", "benchmarks", "demo")
    assert names_of(list(read_project()["optional-dependencies"])) - everything == PROGRAMS_AND_PLUGINS


def test_tests_and_benchmarks_import_only_declared_packages() -> None:
    assert (
        imported_packages("tests", "benchmarks") - names_of(["cluster", "dev", "postgresql", "storage", "train"])
        == set()
    )


@pytest.mark.parametrize("file", EXPORTS)
def test_exported_file_is_part_of_the_lock(file: str) -> None:
    for pin in read_pins(ROOT / file):
        locked = LOCK[pin.name, pin.version]
        assert pin.hashes == locked.hashes, f"{pin.name} differs from requirements.lock; run make lock"
        assert pin.hashes


@pytest.mark.parametrize("file", EXPORTS)
def test_exported_file_pins_every_dependency_within_its_range(file: str) -> None:
    pinned = {pin.name: pin for pin in read_pins(ROOT / file)}
    for requirement in declared(EXPORTS[file]):
        name = canonicalize_name(requirement.name)
        assert name in pinned, f"{name} is not in {file}; run make lock"
        assert pinned[name].version in requirement.specifier, f"{name} in {file} is out of range; run make lock"


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_exported_file_pins_every_transitive_dependency(file: str) -> None:
    pinned = {pin.name for pin in read_pins(ROOT / file) if pin.applies_here}
    assert closure_of(declared(EXPORTS[file])) == pinned


def test_every_pin_of_the_lock_is_exported() -> None:
    exported = {(pin.name, pin.version) for file in EXPORTS for pin in read_pins(ROOT / file)}
    assert set(LOCK) == exported


def test_only_the_headless_opencv_is_pinned() -> None:
    """All distributions of OpenCV install the same folder `cv2`, and a server has no display."""
    names = {name for name, _ in LOCK}
    assert "opencv-python-headless" in names
    assert not names & {"opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless"}


@pytest.mark.parametrize("file", ["requirements.lock", *EXPORTS])
def test_requirement_files_name_no_index(file: str) -> None:
    text = (ROOT / file).read_text()
    assert not re.search(
        r"https?://|^\s*--?(?:i|index-url|extra-index-url|find-links|f)\b|\+\w+ ?\\", text, re.MULTILINE
    )


def test_no_file_takes_precedence_over_requirements_txt() -> None:
    """Streamlit Community Cloud uses requirements.txt only if none of these files exists."""
    assert [name for name in ("uv.lock", "Pipfile", "environment.yml") if (ROOT / name).exists()] == []
