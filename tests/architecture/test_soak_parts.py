"""`make soak` lengthens every test that has a number of iterations."""

from __future__ import annotations

import inspect

from tests.soak import __main__ as soak
from tests.support.source_tree import ROOT

ONCE = {"tests/cluster/test_ray.py"}
"""Kills the nodes of a real cluster: with `SOAK_FACTOR` by hand."""


def test_each_file_with_iterations_is_in_a_part() -> None:
    files = [
        path
        for path in (ROOT / "tests").rglob("test_*.py")
        if "\nfrom tests.support.soak import iterations" in path.read_text()
    ]
    assert len(files) >= 10
    parts = inspect.getsource(soak)
    left = {name for path in files if f'"{(name := path.relative_to(ROOT).as_posix())}"' not in parts}
    assert left == ONCE
