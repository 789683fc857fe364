"""The tree in the README: each path in it exists, and each folder of the product is in it."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.source_tree import ROOT

NOT_DRAWN = {"assets", "versions", "__pycache__"}


def drawn_paths() -> list[Path]:
    """The paths in the tree, in order and with repetitions, read from the names before each description."""
    drawn = re.search(r"^app\.py .*?(?=^```)", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert drawn
    above, paths = ROOT, list[Path]()
    for line in drawn[0].splitlines():
        names = re.match(r" *((?:\.?[\w/]+(?:\.py|/) )+)", line)
        if names is None:
            continue
        if not line.startswith(" "):
            above = ROOT
        paths += [above / name for name in names[1].split()]
        if not line.startswith(" ") and names[1].split()[0].endswith("/"):
            above = paths[-1]
    return paths


def folders_of(place: str) -> list[Path]:
    folders = [path for path in (ROOT / place).iterdir() if path.is_dir() and path.name not in NOT_DRAWN]
    return sorted(path for path in folders if any(path.rglob("*.py")))


def test_every_path_in_the_tree_exists() -> None:
    assert [path for path in drawn_paths() if not path.exists()] == []


def test_every_folder_of_the_product_is_in_the_tree_once() -> None:
    drawn = drawn_paths()
    folders = [*folders_of("frametally"), *folders_of("components")]
    assert len(folders) > 20
    assert [folder for folder in folders if drawn.count(folder) != 1] == []


def test_every_module_at_the_top_of_the_package_is_in_the_tree() -> None:
    modules = [path for path in (ROOT / "frametally").glob("*.py") if not path.stem.startswith("__")]
    assert [path for path in modules if path not in drawn_paths()] == []
