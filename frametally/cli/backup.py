"""`python -m frametally backup FILE` and `restore FILE`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from tqdm import tqdm

from frametally.backup.create import Part, Progress, back_up, sizes
from frametally.backup.restore import read_manifest, restore
from frametally.config.settings import Settings
from frametally.ledger.snapshot import ledger_in_words
from frametally.storage.atomic import size_in_words
from frametally.storage.locks import lock_shared


def add_backup_commands(commands: Any) -> None:
    """Teach both to an argparse object of subcommands."""
    backup = commands.add_parser("backup", help="write ledger and results to one file, also while the dashboard runs")
    backup.add_argument("file", type=Path, metavar="FILE", help="a new file; only its owner may read it")
    backup.add_argument("--videos", action="store_true", help="the kept videos, too")
    backup.add_argument("--models", action="store_true", help="the models of the engine, too")
    backup.add_argument(
        "--no-secrets", action="store_true", help="leave out the link secret and the engine's key; see docs/running.md"
    )
    putting_back = commands.add_parser("restore", help="put a backup back, while the dashboard does not run")
    putting_back.add_argument("file", type=Path, metavar="FILE")
    putting_back.add_argument("--replace", action="store_true", help="replace what is there")


def run_backup(options: argparse.Namespace, settings: Settings, now: datetime) -> None:
    """Write a backup and say what is in it.

    Raises:
        BackupError, SettingsError: there is none now, and why.
    """
    part = lock_shared(settings.data_dir)
    try:
        there = sizes(settings)
        parts = _parts(options)
        print(f"From     {ledger_in_words(settings.database_url)}")
        _say_what_goes_in(there, parts)
        expected = there["ledger"] + there["results"] + sum(there[part] for part in parts if part in there)
        with _bar(expected) as on_progress:
            manifest = back_up(settings, options.file.absolute(), parts=parts, made_at=now, on_progress=on_progress)
    finally:
        part.close()
    print(f"{len(manifest.files)} files, {size_in_words(manifest.size_bytes)}, in {options.file}.")


def run_restore(options: argparse.Namespace, settings: Settings) -> None:
    """Put a backup back and say what it was.

    Raises:
        BackupError, SettingsError: nothing was changed, and why.
    """
    expected = read_manifest(options.file).size_bytes
    print(f"Into     {ledger_in_words(settings.database_url)}")
    with _bar(expected) as on_progress:
        manifest = restore(settings, options.file, replace=options.replace, on_progress=on_progress)
    made_at = f"{manifest.made_at:%Y-%m-%d %H:%M} UTC"
    print(f"Restored {len(manifest.files)} files, {size_in_words(manifest.size_bytes)}, as of {made_at}.")


def _parts(options: argparse.Namespace) -> list[Part]:
    wanted: dict[Part, bool] = {
        "secrets": not options.no_secrets,
        "videos": options.videos,
        "models": options.models,
    }
    return [part for part, is_wanted in wanted.items() if is_wanted]


def _say_what_goes_in(there: dict[str, int], parts: Sequence[Part]) -> None:
    for name in ("ledger", "results", "videos", "models"):
        goes_in = name in ("ledger", "results") or name in parts
        left_out = "" if goes_in else f", left out (--{name})"
        print(f"{name.capitalize():8} {size_in_words(there[name])}{left_out}")
    print(f"Secrets  {'the link secret and the key of the engine' if 'secrets' in parts else 'left out'}")


@contextmanager
def _bar(total_bytes: int) -> Iterator[Progress]:
    """A progress bar for whatever takes more than a second."""
    with tqdm(total=total_bytes, unit="B", unit_scale=True, delay=1, disable=None) as bar:
        yield lambda done_bytes: bar.update(done_bytes)
