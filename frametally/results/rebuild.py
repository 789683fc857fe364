"""Kept results read again, as this version reads them."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import tempfile
from pathlib import Path

from filelock import FileLock

from frametally.errors import ResultsError
from frametally.results.ingest import archive
from frametally.results.manifest import ARCHIVE_NAME, SHA256_NAME, Notes, read_notes


def made_anew(folder: Path, *, also_failed: bool = False) -> Notes:
    """Read the kept JSON again.

    Raises:
        ResultsError: it is gone, or not what came.
        OSError, EOFError, zlib.error: it is damaged.
    """
    if not (folder / ARCHIVE_NAME).exists():
        raise damaged()
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        notes = read_notes(folder)  # somebody else may have been quicker
        if notes is None or (also_failed and notes.failure):
            with tempfile.NamedTemporaryFile(dir=folder.parent, suffix=".json") as plain:
                with gzip.open(folder / ARCHIVE_NAME) as packed:
                    shutil.copyfileobj(packed, plain, 1 << 20)
                plain.flush()
                _check_original(Path(plain.name), folder)
                archive(Path(plain.name), folder)
            notes = read_notes(folder)
    return notes or Notes()


def _check_original(plain: Path, folder: Path) -> None:
    """Have the results be those that came; an archive of before wrote no sha256 down."""
    noted = folder / SHA256_NAME
    if not noted.exists():
        return
    with plain.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != noted.read_text().split()[0]:
            raise damaged()


def damaged() -> ResultsError:
    """What to say of results that are kept and cannot be read."""
    return ResultsError("The archived results cannot be read.", "Run the job again.")
