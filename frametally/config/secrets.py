"""`.streamlit/secrets.toml`, read without Streamlit, so that commands use the same settings as the dashboard."""

from __future__ import annotations

import tomllib
from os.path import expanduser
from pathlib import Path
from typing import Final

from frametally.config.app_folder import APP_FOLDER
from frametally.errors import SettingsError

_NAME: Final = ".streamlit/secrets.toml"


def read_secrets() -> dict[str, object]:
    """The secrets that Streamlit reads, from the home, the working and the app's folder; later files take precedence.

    Raises:
        SettingsError: a file cannot be read. Ignoring it could select another ledger.
    """
    found: dict[str, object] = {}
    home = Path(expanduser("~"))  # noqa: PTH111 (Path.home() fails for users without a home)
    for folder in (home, Path.cwd(), APP_FOLDER):
        try:
            found |= tomllib.loads((folder / _NAME).read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not valid TOML"
            raise SettingsError(f"{folder / _NAME} cannot be read: {why}.", "Correct or remove it.") from None
    return found
