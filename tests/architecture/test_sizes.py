"""Limits on the sizes of modules, functions and folders, and complete type annotations."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

from tests.support.source_tree import MODULES, PARTS, ROOT, statements, syntax_trees

MAX_MODULE_LINES = 320
MAX_FOLDER_FILES = 16
MAX_TOP_FILES = 12
MAX_MEDIAN_FUNCTION_LINES = 8
MAX_P95_FUNCTION_LINES = 25
GROW_WITHOUT_LIMIT = {"architectures", "versions"}
"""Folders with one file per model head or per migration."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions() -> Iterator[tuple[str, Function]]:
    for module, tree in syntax_trees().items():
        yield from ((module, node) for node in statements(tree) if isinstance(node, Function))


def is_typed(function: Function) -> bool:
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    starred = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    untyped = [argument.arg for argument in (*named, *starred) if argument.annotation is None]
    return function.returns is not None and set(untyped) <= {"self", "cls"}


def test_no_module_is_longer_than_the_limit() -> None:
    lines = {name: path.read_text().count("\n") for name, path in MODULES.items()}
    assert {name: count for name, count in lines.items() if count > MAX_MODULE_LINES} == {}


def test_functions_are_small() -> None:
    lines = [(function.end_lineno or function.lineno) - function.lineno + 1 for _, function in functions()]
    assert len(lines) > 1000
    assert median(lines) <= MAX_MEDIAN_FUNCTION_LINES
    assert quantiles(lines, n=20)[-1] <= MAX_P95_FUNCTION_LINES


def test_every_function_is_typed() -> None:
    assert [(module, function.name) for module, function in functions() if not is_typed(function)] == []


def test_no_folder_has_too_many_files() -> None:
    folders = {path for part in PARTS for path in (ROOT / part, *(ROOT / part).rglob("*")) if path.is_dir()}
    counts = {folder.relative_to(ROOT): len(files_in(folder)) for folder in folders}
    too_many = {folder for folder, count in counts.items() if count > MAX_FOLDER_FILES}
    assert {folder for folder in too_many if folder.name not in GROW_WITHOUT_LIMIT} == set()
    assert counts[Path("frametally")] <= MAX_TOP_FILES


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file() and path.suffix != ".pyc"]
