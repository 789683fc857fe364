"""The archive folder of one job: the original JSON, compressed, and the tables and cubes made from it.

The dashboard archives in a child process (`reading/process.py`). Where the data folder is a cache of object storage,
archives are kept there, too.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from frametally.contract import INDEX_VERSION
from frametally.errors import ResultsError
from frametally.results.ingest import write_tables
from frametally.results.manifest import (
    MANIFEST_NAME,
    Manifest,
    delete_manifest,
    has_all_tables,
    is_manifest,
    read_manifest,
    received_index_version,
    record_index_version,
    write_manifest,
)
from frametally.results.original import ORIGINAL_NAMES, SHA256_NAME, compress_original, find_original
from frametally.results.spellings.encodings import plain_json
from frametally.storage.atomic import fsync
from frametally.storage.cached_files import cache_of
from frametally.storage.derived import DERIVED_NAME, remove_derived
from frametally.storage.locks import locked

TRUTH_NAME: Final = "labels.truth"
"""Labels that a person has chosen for these results: they stay when the results are read again."""
_LOG = logging.getLogger(__name__)


def archive_results(
    json_path: Path, folder: Path, *, max_bytes: int | None = None, failure: ResultsError | None = None
) -> None:
    """Compress the original results and convert them to tables; the folder appears in one rename.

    Results that are compressed, or not in UTF-8, are kept as plain JSON in UTF-8, of at most `max_bytes`. With a
    `failure`, why they cannot be read is known already: they are kept unchanged.

    Idempotent, also if several processes do it at the same time: the later ones find the archive complete.

    Raises:
        ResultsError: they cannot be read; the compressed original is kept nevertheless.
    """
    with locked(json_path):
        if is_archived(folder):
            return
        draft = folder.with_name(f"{folder.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        with tempfile.TemporaryDirectory(dir=draft) as scratch:
            plain = json_path
            if failure is None:
                try:
                    plain = plain_json(json_path, Path(scratch), max_bytes)
                except ResultsError as error:
                    failure = error
            with ThreadPoolExecutor(1) as pool:  # pyarrow and hashlib release the interpreter lock
                compression = pool.submit(compress_original, plain, draft)
                failure = _record(failure, draft) if failure else _convert(plain, draft)
                compression.result()
        record_index_version(draft, received_index_version(folder) if folder.exists() else INDEX_VERSION)
        _sync(draft)
        _publish(draft, folder)
    if failure is not None:
        raise failure


def is_archived(folder: Path) -> bool:
    """Whether this is a complete archive with tables of the current version."""
    manifest = read_manifest(folder)
    return manifest is not None and not manifest.failure and has_all_tables(folder, manifest)


def keep_results(folder: Path) -> None:
    """Put an archive into the object storage, if there is one.

    Raises:
        StoreUnavailable: it could not be; repeat it later.
    """
    cache = cache_of(folder)
    if cache and folder.exists():
        cache.keep(folder, folder, MANIFEST_NAME)
        cache.mark(folder)


def fetch_results(folder: Path) -> bool:
    """Bring an archive here from the object storage, without its original; whether anything of it was fetched.

    Raises:
        StoreUnavailable: it could not be.
        DiskFull: there is no room for it.
    """
    cache = cache_of(folder)
    return cache.fetch_folder(folder, MANIFEST_NAME, ORIGINAL_NAMES) if cache else False


def drop_removed(results_dir: Path) -> None:
    """Remove the copies here of archives that another dashboard has removed.

    Raises:
        StoreUnavailable: it is not known which.
    """
    cache = cache_of(results_dir)
    if cache:
        cache.drop_removed(results_dir, MANIFEST_NAME)


def remove_results(folder: Path) -> None:
    """Remove an archive from the object storage, with what was derived from it.

    Raises:
        StoreUnavailable: it could not be; repeat it later.
    """
    cache = cache_of(folder)
    if cache:
        cache.remove(folder, MANIFEST_NAME)


def remove_stored_derived(folder: Path) -> None:
    """Remove from the object storage what was made from the tables, before other ones take their place.

    Raises:
        StoreUnavailable: it could not be.
    """
    cache = cache_of(folder)
    if cache:
        cache.clear(folder / DERIVED_NAME)


def _convert(json_path: Path, draft: Path) -> ResultsError | None:
    """Write the tables; returns the error if that is impossible, which the manifest then records."""
    try:
        write_tables(json_path, draft)
    except ResultsError as error:
        failure = error
    except (OSError, MemoryError):  # caused by this machine, and possibly temporary
        raise
    except Exception:
        _LOG.exception("Reading results failed with an internal error")
        failure = ResultsError(
            "An internal error occurred while the results were read. Details are in the server log.",
            "The original file is kept: read it again after an upgrade.",
        )
    else:
        return None
    return _record(failure, draft)


def _record(failure: ResultsError, draft: Path) -> ResultsError:
    write_manifest(draft, Manifest(failure=[failure.what, failure.next_step]))
    return failure


def _publish(draft: Path, folder: Path) -> None:
    """Rename the draft; into an existing archive its files move one by one, the manifest last.

    At every moment the folder holds a complete original.
    """
    if not folder.exists():
        draft.rename(folder)
        return
    delete_manifest(folder)
    remove_derived(folder)  # made from the old tables
    for path in folder.iterdir():
        if path.name not in (*ORIGINAL_NAMES, SHA256_NAME, TRUTH_NAME):
            path.unlink()
    for path in sorted(draft.iterdir(), key=is_manifest):
        path.replace(folder / path.name)
    draft.rmdir()
    current = find_original(folder)
    for path in (folder / name for name in ORIGINAL_NAMES):
        if path != current:
            path.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Flush the files to disk before their folder gets its final name."""
    for path in (*folder.iterdir(), folder):
        fsync(path)
