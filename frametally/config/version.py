"""The version of Frametally: of the installed package, or of the checkout that runs."""

from __future__ import annotations

import tomllib
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from pathlib import Path

_PROJECT_FILE = Path(__file__).parents[2] / "pyproject.toml"


def version() -> str:
    """The version, such as `0.1.0`."""
    if _PROJECT_FILE.is_file():
        return str(tomllib.loads(_PROJECT_FILE.read_text())["project"]["version"])
    try:
        return installed_version("frametally")
    except PackageNotFoundError:  # copied without its project file
        return "unknown"
