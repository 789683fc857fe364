"""Settings of a command, read from its process's environment."""

from __future__ import annotations

import os

from frametally.config.secrets import read_secrets
from frametally.config.settings import Settings


def read_settings() -> Settings:
    """The settings from the environment and secrets.toml.

    Raises:
        SettingsError: a setting is invalid.
    """
    return Settings.read(os.environ, read_secrets())
