"""The folder of the dashboard's files: `app.py`, `pages/`, `components/`, `.streamlit/` and the sample.

A wheel holds them in `frametally/_dashboard/`, so that it installs one top-level package; in a checkout they are at the
root of the repository.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).parents[1]


def find_app_folder(package: Path = _PACKAGE) -> Path:
    """The folder that holds `app.py`; `package` is the folder of `frametally` itself."""
    installed = package / "_dashboard"
    return installed if installed.is_dir() else package.parent


APP_FOLDER: Final = find_app_folder()
