"""The wheel, built once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from tests.packaging.requirement_files import ROOT

DASHBOARD = "frametally/_dashboard/"
"""Where the wheel has what is at the top of the checkout."""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the checkout, built without network access by the installed hatchling."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=60,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like site-packages with the unpacked files of the wheel."""
    folder = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    for file in folder.glob("frametally/**/*.py"):
        _compile_like(ROOT / str(file.relative_to(folder)).removeprefix(DASHBOARD), file)
    return folder


def _compile_like(source: Path, file: Path) -> None:
    """Copy the bytecode of a file in the checkout: to compile all of them takes longer than to start a dashboard."""
    known, cached = Path(cache_from_source(str(source))), Path(cache_from_source(str(file)))
    if known.exists() and source.read_bytes() == file.read_bytes():
        cached.parent.mkdir(exist_ok=True)
        shutil.copy(known, cached)
        os.utime(file, ns=(source.stat().st_atime_ns, source.stat().st_mtime_ns))
