"""Reference of all settings: the README's table, and secrets.toml.example.

python -m frametally.config.reference > .streamlit/secrets.toml.example
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from frametally.config.setting import Setting, settings_of
from frametally.config.settings import Settings

_HEADER = """\
# All settings of Frametally. Copy this file to secrets.toml and keep the lines that you change. Environment variables
# take precedence, an empty value counts as unset, and an unknown FRAMETALLY_ name is an error.
"""


def all_settings() -> list[Setting]:
    """Every setting, in the order of the documentation."""
    return list(settings_of(Settings).values())


def markdown_table(settings: Iterable[Setting]) -> str:
    """One row per setting: name, default, meaning."""
    rows = [f"| `{each.name}` | {each.default_text} | {each.meaning} |" for each in settings]
    return "\n".join(["| Setting | Default | Meaning |", "| --- | --- | --- |", *rows])


def secrets_example(settings: Iterable[Setting]) -> str:
    """The text of `.streamlit/secrets.toml.example`, each setting commented out."""
    entries = [
        f'\n# {each.meaning}\n# Default: {each.default_text.strip("`")}\n# {each.name} = ""\n' for each in settings
    ]
    return "".join([_HEADER, *entries])


if __name__ == "__main__":
    sys.stdout.write(secrets_example(all_settings()))
