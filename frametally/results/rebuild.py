"""Rebuild the tables of an archive from the original kept in it, as the current version reads it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from filelock import FileLock

from frametally.errors import ResultsError
from frametally.results.archive import fetch_results, is_archived, remove_stored_derived
from frametally.results.manifest import (
    READABLE_VERSION,
    Manifest,
    delete_manifest,
    has_all_tables,
    manifest_time_ns,
    read_manifest,
)
from frametally.results.original import copy_original, damaged, explained, find_original
from frametally.results.reading.process import archive_in_subprocess


def rebuild(folder: Path, *, also_failed: bool = False, damaged_since_ns: int | None = None) -> Manifest:
    """Rebuild an archive of another version, or one that lacks a table.

    Args:
        folder: the archive.
        also_failed: also rebuild one whose results could not be read.
        damaged_since_ns: also rebuild one whose tables are damaged, unless another process has done so: the
            `manifest_time_ns` of the damaged tables.

    Raises:
        ResultsError: the original is missing, or does not match its digest; the existing tables are kept.
        OSError, EOFError, zlib.error: it is damaged, or the tables cannot be written.
    """
    fetch_results(folder)
    if find_original(folder) is None:
        raise damaged()
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        manifest = read_manifest(folder)  # another process may have rebuilt it by now
        is_damaged = damaged_since_ns is not None and damaged_since_ns == manifest_time_ns(folder)
        is_usable = manifest is not None and (manifest.failure or is_archived(folder)) and not is_damaged
        if manifest is None or not is_usable or (also_failed and manifest.failure):
            with tempfile.NamedTemporaryFile(dir=folder.parent, suffix=".json") as plain:
                copy_original(folder, plain)
                plain.flush()
                if is_damaged:  # the other tables stay usable until the new ones are complete
                    delete_manifest(folder)
                remove_stored_derived(folder)
                archive_in_subprocess(Path(plain.name), folder)
            manifest = read_manifest(folder)
    return manifest or Manifest()


def usable_manifest(folder: Path) -> Manifest:
    """The manifest of complete tables, rebuilt if they are not; of an earlier version if there is no original.

    Raises:
        ResultsError: there are no tables, and none can be made.
    """
    manifest = read_manifest(folder)
    is_complete = manifest is not None and not manifest.failure and has_all_tables(folder, manifest)
    if not is_complete and fetch_results(folder):
        manifest = read_manifest(folder)
    if manifest is not None and has_all_tables(folder, manifest):
        return manifest
    try:
        with explained():
            return rebuild(folder)
    except ResultsError:
        earlier = read_manifest(folder, READABLE_VERSION)
        if earlier is None or earlier.failure:
            raise
        return earlier
