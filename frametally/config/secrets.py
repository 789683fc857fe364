"""`.streamlit/secrets.toml` for what runs without Streamlit: the command line must meet the ledger of the dashboard."""

from __future__ import annotations

import tomllib
from os.path import expanduser
from pathlib import Path
from typing import Final

from frametally.config.app_folder import APP_FOLDER
from frametally.errors import SettingsError

_NAME: Final = ".streamlit/secrets.toml"


def read_secrets() -> dict[str, object]:
    """What Streamlit reads: the files of the person, of the current folder and of the app, the later ones first.

    Raises:
        SettingsError: one of them cannot be read; to go on without it could mean another ledger.
    """
    found: dict[str, object] = {}
    person = Path(expanduser("~"))  # noqa: PTH111 (Path's own fails for somebody without a home)
    for folder in (person, Path.cwd(), APP_FOLDER):
        try:
            found |= tomllib.loads((folder / _NAME).read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no TOML"
            raise SettingsError(f"{folder / _NAME} cannot be read: {why}.", "Mend it, or remove it.") from None
    return found
