"""Tests in forked processes are reported as in one; a test that has not run to its end fails the run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.source_tree import ROOT

CONFTEST = """
import time
import pytest

@pytest.fixture(scope="module", autouse=True)
def all_files_have_begun(request):
    folder = request.path.parent
    request.path.with_suffix(".begun").touch()
    while len(list(folder.glob("*.begun"))) < len(list(folder.glob("test_*.py"))):
        time.sleep(0.01)
"""
"""So that no process runs the tests of two files; before the last test of one, it would ask for another."""
ENDED = """
import pytest

@pytest.fixture(scope="session")
def server():
    yield
    raise RuntimeError("broken teardown")

def test_passes(tmp_path):
    assert tmp_path.parent.name.startswith("process-")

def test_fails(server):
    assert "one" == "two"

@pytest.mark.skip(reason="on purpose")
def test_is_skipped():
    pass
"""
KILLED = """
import os

def test_kills_its_process():
    os._exit(3)

def test_never_runs():
    pass
"""
LEFT = KILLED.replace("kills", "leaves").replace("3", "0")
LATE = """
class Circle:
    def __init__(self):
        self.itself = self

    def __del__(self):
        raise RuntimeError("broken finalizer")

def test_passes():
    pass

def test_leaves_garbage():
    Circle()
"""
FILES = {"ended": ENDED, "killed": KILLED, "left": LEFT, "late": LATE}


def test_failures_and_ends_of_processes_are_reported(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    for name, content in FILES.items():
        (tmp_path / f"test_{name}.py").write_text(content)
    plugins = ["-p", "tests.support.forked_runs", "-p", "no:cacheprovider", "-p", "no:schemathesis", "-W", "error"]
    options = ["--processes", str(len(FILES)), "-q", f"--basetemp={tmp_path / 'base'}"]
    command = [sys.executable, "-m", "pytest", *plugins, *options]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1, ended.stderr
    for line in (
        "FAILED test_ended.py::test_fails - AssertionError: assert 'one' == 'two'",
        "FAILED test_killed.py::test_kills_its_process",
        "FAILED test_left.py::test_leaves_its_process",
        "ERROR test_late.py::test_leaves_garbage - pytest.PytestUnraisable",
        "ERROR test_ended.py::test_is_skipped - RuntimeError: broken teardown",
        "4 tests have not run to their end",
        "3 failed, 3 passed, 1 skipped, 2 errors",
    ):
        assert line in ended.stdout
