"""`frametally restore FILE`: replace the data folder's content with a backup's."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from frametally.backup.restore import read_backup_manifest, restore
from frametally.cli.environment import read_settings
from frametally.cli.exit_code import ExitCode
from frametally.cli.progress_bar import byte_progress
from frametally.config.settings import Settings
from frametally.ledger.snapshot import ledger_in_words
from frametally.storage.space import format_size


def add_parser(commands: Any) -> None:
    """Register the command."""
    parser = commands.add_parser("restore", help="restore a backup; requires that the dashboard is stopped")
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--replace", action="store_true", help="replace existing data")
    parser.set_defaults(execute=lambda options: run_restore(options, read_settings()))


def run_restore(options: argparse.Namespace, settings: Settings) -> int:
    """Restore a backup, print what it contained and return the exit code.

    Raises:
        BackupError, SettingsError: it cannot be restored; nothing was changed.
    """
    expected_bytes = read_backup_manifest(options.file).size_bytes
    print(f"Into     {ledger_in_words(settings.database_url)}")
    with byte_progress(expected_bytes) as on_progress:
        manifest = restore(settings, options.file, replace=options.replace, on_progress=on_progress)
    made_at = f"{manifest.made_at:%Y-%m-%d %H:%M} UTC"
    print(f"Restored {len(manifest.files)} files, {format_size(manifest.size_bytes)}, as of {made_at}.")
    return ExitCode.OK
