"""The archive folder of one job: the original JSON, compressed, and the tables and cubes made from it.

Large files are archived by a separate process, `python -m frametally.results JSON FOLDER`, so that decoding does
not block the threads of the caller.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from frametally.contract import INDEX_VERSION
from frametally.errors import ResultsError
from frametally.processes.environment import ROOT, child_environment
from frametally.results.ingest import write_tables
from frametally.results.manifest import (
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
from frametally.results.spellings.encodings import is_packed, plain_json
from frametally.storage.atomic import fsync
from frametally.storage.derived import remove_derived
from frametally.storage.locks import locked

UNREADABLE_EXIT_CODE = 3
"""Exit code of the process if the results cannot be read; the manifest has the reason."""
_MIN_SUBPROCESS_BYTES = 4 << 20
"""Smaller files take less time than the start of a process."""
_LOG = logging.getLogger(__name__)


def archive_results(json_path: Path, folder: Path) -> None:
    """Compress the original results and convert them to tables; the folder appears in one rename.

    Results that are compressed, or not in UTF-8, are kept as plain JSON in UTF-8.

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
            try:
                plain, failure = plain_json(json_path, Path(scratch)), None
            except ResultsError as error:
                plain, failure = json_path, _record(error, draft)
            with ThreadPoolExecutor(1) as pool:  # pyarrow and hashlib release the interpreter lock
                compression = pool.submit(compress_original, plain, draft)
                failure = failure or _convert(plain, draft)
                compression.result()
        record_index_version(draft, received_index_version(folder) if folder.exists() else INDEX_VERSION)
        _sync(draft)
        _publish(draft, folder)
    if failure is not None:
        raise failure


def archive_in_subprocess(json_path: Path, folder: Path) -> None:
    """The same as `archive_results`; a large file is archived by a separate process.

    Raises:
        ResultsError: the results cannot be read; the compressed original is kept nevertheless.
        OSError: the process failed for another reason; the log has the end of its output.
    """
    if json_path.stat().st_size < _MIN_SUBPROCESS_BYTES and not is_packed(json_path):
        archive_results(json_path, folder)
        return
    command = [sys.executable, "-m", "frametally.results", str(json_path.resolve()), str(folder.resolve())]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=child_environment(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    manifest = read_manifest(folder) if done.returncode == UNREADABLE_EXIT_CODE else None
    if manifest is not None and manifest.failure:
        raise ResultsError(*manifest.failure)
    if done.returncode:
        output = done.stderr.decode(errors="replace")[-2000:]
        _LOG.error("Archiving results failed with exit code %d: %s", done.returncode, output)
        raise OSError(errno.EIO, "archiving the results in a subprocess failed")


def is_archived(folder: Path) -> bool:
    """Whether this is a complete archive with tables of the current version."""
    manifest = read_manifest(folder)
    return manifest is not None and not manifest.failure and has_all_tables(folder, manifest)


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
        if path.name not in (*ORIGINAL_NAMES, SHA256_NAME):
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
