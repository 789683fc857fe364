"""Secrets that a deployment generates at its first start."""

from __future__ import annotations

import secrets
from pathlib import Path

from frametally.errors import SettingsError
from frametally.storage.atomic import write_bytes
from frametally.storage.locks import locked


def read_or_make_secret(path: Path) -> str:
    """The secret in a file with owner-only permissions, generated at the first call.

    Processes that start at the same time agree on one secret.

    Raises:
        SettingsError: the file is empty.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path.parent):
            if not path.exists():
                # Synced: after a power cut the file could be empty, which prevents the next start.
                write_bytes(path, secrets.token_urlsafe(32).encode(), mode=0o600)
    secret = path.read_text().strip()
    if not secret:
        raise SettingsError(
            f"The file {path.name} in the data folder is empty.", "Remove it; a new secret is generated at start."
        )
    return secret
