"""The documentation of the settings matches their declarations."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from frametally.config.reference import all_settings, markdown_table, secrets_example
from frametally.config.settings import Settings

ROOT = Path(__file__).parents[2]
NAMES = [setting.name for setting in all_settings()]


def test_the_readme_contains_the_table() -> None:
    assert markdown_table(all_settings()) in (ROOT / "README.md").read_text()


def test_the_readme_names_no_other_setting() -> None:
    assert set(re.findall(r"FRAMETALLY_[A-Z_]*[A-Z]", (ROOT / "README.md").read_text())) <= set(NAMES)


def test_secrets_toml_example_is_current() -> None:
    assert (ROOT / ".streamlit" / "secrets.toml.example").read_text() == secrets_example(all_settings())


def test_the_uncommented_example_is_valid() -> None:
    text = secrets_example(all_settings())
    secrets = tomllib.loads("\n".join(re.findall(r"^# ((?:FRAMETALLY|ROBOFLOW)_.*)$", text, re.MULTILINE)))
    assert list(secrets) == NAMES
    assert Settings.read({}, secrets) == Settings.read({})
