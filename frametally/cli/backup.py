"""`frametally backup FILE`: write the data folder's content to one file."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from frametally.backup.create import back_up, sizes
from frametally.cli.environment import read_settings
from frametally.cli.exit_code import ExitCode
from frametally.cli.progress_bar import byte_progress
from frametally.clock import utc_now
from frametally.config.layout import BackupPart
from frametally.config.settings import Settings
from frametally.ledger.snapshot import ledger_in_words
from frametally.storage.locks import lock_shared
from frametally.storage.space import format_size


def add_parser(commands: Any) -> None:
    """Register the command."""
    parser = commands.add_parser("backup", help="back up the ledger and the results; the dashboard may be running")
    parser.add_argument("file", type=Path, metavar="FILE", help="new file, created with owner-only permissions")
    parser.add_argument("--videos", action="store_true", help="include the stored videos")
    parser.add_argument("--models", action="store_true", help="include the engine's models")
    parser.add_argument(
        "--no-secrets", action="store_true", help="omit the link secret and the engine's API key; see docs/running.md"
    )
    parser.set_defaults(execute=lambda options: run_backup(options, read_settings(), utc_now()))


def run_backup(options: argparse.Namespace, settings: Settings, now: datetime) -> int:
    """Write a backup, print what it contains and return the exit code.

    Raises:
        BackupError, SettingsError: the backup cannot be made.
    """
    folder_lock = lock_shared(settings.data_dir)
    try:
        size_bytes = sizes(settings)
        parts = _parts(options)
        print(f"From     {ledger_in_words(settings.database_url)}")
        _print_contents(size_bytes, parts)
        expected_bytes = sum(size_bytes[name] for name in size_bytes if name in ("ledger", "results", "shares", *parts))
        with byte_progress(expected_bytes) as on_progress:
            manifest = back_up(settings, options.file.absolute(), parts=parts, made_at=now, on_progress=on_progress)
    finally:
        folder_lock.close()
    print(f"{len(manifest.files)} files, {format_size(manifest.size_bytes)}, in {options.file}.")
    return ExitCode.OK


def _parts(options: argparse.Namespace) -> list[BackupPart]:
    included: dict[BackupPart, bool] = {
        "secrets": not options.no_secrets,
        "videos": options.videos,
        "models": options.models,
    }
    return [part for part, is_included in included.items() if is_included]


def _print_contents(size_bytes: dict[str, int], parts: Sequence[BackupPart]) -> None:
    for name in ("ledger", "results", "shares", "videos", "models"):
        is_included = name in ("ledger", "results", "shares", *parts)
        omitted = "" if is_included else f", omitted (--{name})"
        print(f"{name.capitalize():8} {format_size(size_bytes[name])}{omitted}")
    print(f"Secrets  {'link secret, engine key' if 'secrets' in parts else 'omitted'}")
