"""The contents of the wheel, and its configuration from any working directory."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
import tomllib
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from frametally.cli.main import main
from tests.packaging.conftest import DASHBOARD
from tests.packaging.requirement_files import ROOT, read_project


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def metadata_of(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return Parser().parsestr(archive.read(name).decode())


def tracked(*places: str) -> set[str]:
    listing = subprocess.run(["git", "ls-files", "-z", *places], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    return {name for name in listing.stdout.split("\0") if name and (ROOT / name).exists()}


def run_installed(installed: Path, cwd: Path, *command: str) -> str:
    """The output of a Python command in `cwd` that imports the installed files instead of the checkout."""
    env = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, *command], cwd=cwd, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_wheel_installs_one_top_level_package(wheel: Path) -> None:
    top_level = {name.split("/")[0] for name in names_in(wheel)}
    assert {name for name in top_level if not name.endswith(".dist-info")} == {"frametally"}


def test_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    package = {name for name in names_in(wheel) if name.startswith("frametally/") and not name.startswith(DASHBOARD)}
    assert package == tracked("frametally")
    assert "frametally/py.typed" in package


def test_wheel_holds_the_dashboard_with_its_configuration_and_sample(wheel: Path) -> None:
    held = {name.removeprefix(DASHBOARD) for name in names_in(wheel) if name.startswith(DASHBOARD)}
    assert held == tracked("app.py", "pages", "components", ".streamlit", "demo/sample", "demo/models", "docs")


def test_wheel_declares_the_dependencies_and_extras_of_pyproject(wheel: Path) -> None:
    metadata, project = metadata_of(wheel), read_project()
    required = [Requirement(text) for text in metadata.get_all("Requires-Dist", [])]
    assert len([each for each in required if "extra" not in str(each.marker)]) == len(project["dependencies"])
    assert set(metadata.get_all("Provides-Extra", [])) == set(project["optional-dependencies"])
    assert metadata["License-Expression"] == "Apache-2.0"


def test_wheel_installs_the_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        entry_points = configparser.ConfigParser()
        entry_points.read_string(archive.read(name).decode())
    assert dict(entry_points["console_scripts"]) == {"frametally": f"{main.__module__}:{main.__name__}"}


def test_theme_and_limits_apply_from_any_working_directory(installed: Path, tmp_path: Path) -> None:
    """As with `streamlit run`, the configuration next to the script overrides that of the working directory."""
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit/config.toml").write_text("[theme.light]\nprimaryColor = '#123456'\n")
    app = installed / DASHBOARD / "app.py"
    script = (
        "from streamlit import config; "
        f"config._main_script_path = {str(app)!r}; "
        "print(config.get_option('theme.light.primaryColor'), config.get_option('server.maxUploadSize'))"
    )
    ours = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())
    expected = [ours["theme"]["light"]["primaryColor"], str(ours["server"]["maxUploadSize"])]
    assert run_installed(installed, tmp_path, "-c", script).split() == expected
