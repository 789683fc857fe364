"""Processes that are forked from one that has already imported the dashboard."""

from __future__ import annotations

import ast
import multiprocessing
import sys
from collections.abc import Callable
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any

import pytest

from tests.support.source_tree import ROOT

OF_TESTS = (
    *("tests.support.competing_process", "tests.support.crash_dashboard", "tests.support.deployment"),
    *("tests.support.served_routes", "pyarrow.dataset"),
)
"""`pyarrow.dataset` imports pandas, as the first read of results does."""


def imports_of_the_app() -> list[str]:
    """The modules that app.py imports from; it takes longer to import them than to serve what they declare."""
    nodes = ast.parse((ROOT / "app.py").read_text()).body
    return [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]


@cache
def _forks() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*imports_of_the_app(), *OF_TESTS])
    return context


def pipe() -> tuple[Connection[Any, Any], Connection[Any, Any]]:
    """Two connected ends; one of them is for a process."""
    return _forks().Pipe()


def forked(target: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Start a process that runs this function."""
    process = _forks().Process(target=target, args=arguments, daemon=True)
    with pytest.MonkeyPatch.context() as patch:
        # A child imports its parent's main module; Streamlit's AppTest leaves a page's script in that place.
        patch.setitem(sys.modules, "__main__", ModuleType("__main__"))
        process.start()
    return process
