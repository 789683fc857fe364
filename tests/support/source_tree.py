"""The product's own source: its modules, their syntax trees and their imports."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("components", "pages", "frametally")


def module_name(path: Path) -> str:
    """The dotted name of a module below the root."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_name(path): path
    for path in (ROOT / "app.py", *(file for part in PARTS for file in sorted((ROOT / part).rglob("*.py"))))
}


@cache
def syntax_trees() -> dict[str, ast.Module]:
    """The syntax tree of each module; parsing all of them takes longer than to collect the tests."""
    return {name: ast.parse(path.read_text()) for name, path in MODULES.items()}


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """All statements in a node, without looking for others inside expressions, which most nodes are."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield child
            yield from statements(child)


def imports_of(source: ast.AST, module: str, *, is_package: bool) -> set[str]:
    """Every dotted name that a module imports, at any place in it."""
    names: set[str] = set()
    for node in statements(source):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: len(module.split(".")) - node.level + is_package] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            names |= {f"{origin}.{alias.name}" for alias in node.names}
    return names


def within(name: str, *places: str) -> bool:
    """Whether a dotted name is one of these names or inside one of them."""
    return any(name == place or name.startswith(f"{place}.") for place in places)


@cache
def imports_within_the_product() -> list[tuple[str, str]]:
    """(module, imported name) for all modules; only names of the product."""
    found = []
    for module, path in MODULES.items():
        names = imports_of(syntax_trees()[module], module, is_package=path.name == "__init__.py")
        found += [(module, name) for name in sorted(names) if within(name, "app", *PARTS)]
    return found


def own_imports(*places: str) -> Iterator[tuple[str, str]]:
    """Yield (module, imported name) for the modules of these places; only names of the product."""
    return (pair for pair in imports_within_the_product() if within(pair[0], *places))


def tracked_files(*patterns: str) -> list[Path]:
    """The files that git tracks, optionally only those that match a pattern; skips the test outside a git checkout."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listing.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]
