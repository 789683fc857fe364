"""Rebuild the tables of an archive from the original kept in it, as the current version reads it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from filelock import FileLock

from frametally.results.archive import archive_results
from frametally.results.manifest import Manifest, read_manifest
from frametally.results.original import copy_original, damaged, find_original


def rebuild(folder: Path, *, also_failed: bool = False) -> Manifest:
    """Rebuild an archive of another version and, with `also_failed`, one whose results could not be read.

    Raises:
        ResultsError: the original is missing, or does not match its digest.
        OSError, EOFError, zlib.error: it is damaged.
    """
    if find_original(folder) is None:
        raise damaged()
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        manifest = read_manifest(folder)  # another process may have rebuilt it by now
        if manifest is None or (also_failed and manifest.failure):
            with tempfile.NamedTemporaryFile(dir=folder.parent, suffix=".json") as plain:
                copy_original(folder, plain)
                plain.flush()
                archive_results(Path(plain.name), folder)
            manifest = read_manifest(folder)
    return manifest or Manifest()
