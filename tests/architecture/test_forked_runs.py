"""Tests in forked processes are reported as in one; a test that has not run to its end fails the run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.source_tree import ROOT

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


def test_failures_and_ends_of_processes_are_reported(tmp_path: Path) -> None:
    (tmp_path / "test_ended.py").write_text(ENDED)
    (tmp_path / "test_killed.py").write_text(KILLED)
    plugins = ["-p", "tests.support.forked_runs", "-p", "no:cacheprovider", "-p", "no:schemathesis"]
    command = [sys.executable, "-m", "pytest", *plugins, "--processes", "2", "-q", f"--basetemp={tmp_path / 'base'}"]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1, ended.stderr
    for line in (
        "FAILED test_ended.py::test_fails - AssertionError: assert 'one' == 'two'",
        "FAILED test_killed.py::test_kills_its_process",
        "ERROR test_ended.py::test_is_skipped - RuntimeError: broken teardown",
        "2 tests have not run to their end",
        "2 failed, 1 passed, 1 skipped, 1 error",
    ):
        assert line in ended.stdout
