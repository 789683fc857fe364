"""Files that are derived from the results of a job: annotated videos, exported tables.

    results/<job>/derived/<kind>-<hash of settings>.<ending>

They can be created again at any time. Therefore backups do not include them, they are removed with their job and when
its results are ingested again, and old ones are removed to make room for new ones.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from frametally.errors import ResultsError
from frametally.storage.folders import size_of

DERIVED_NAME: Final = "derived"
_HASH_DIGITS: Final = 24
_LOG = logging.getLogger(__name__)


def derived_path(results: Path, kind: str, settings: object, ending: str) -> Path:
    """Where the file of this kind with these settings is; the same in every process.

    Args:
        results: the folder of the job's results.
        kind: what it is: `video`, `counts` …
        settings: everything that decides the content, apart from the results; anything that msgspec encodes.
        ending: of the file name, without the dot.
    """
    digest = hashlib.sha256(msgspec.json.encode(settings, order="sorted")).hexdigest()[:_HASH_DIGITS]
    return results / DERIVED_NAME / f"{kind}-{digest}.{ending}"


def make_derived_folder(results: Path) -> Path:
    """Create the folder for derived files.

    Raises:
        ResultsError: the results no longer exist, for example because the job was deleted.
    """
    folder = results / DERIVED_NAME
    try:
        folder.mkdir(exist_ok=True)
    except FileNotFoundError as error:
        raise ResultsError("These results no longer exist.", "Run the job again.") from error
    return folder


def derived_files(results_dir: Path, pattern: str) -> Iterator[Path]:
    """The derived files of all jobs whose names match."""
    yield from results_dir.glob(f"*/{DERIVED_NAME}/{pattern}")


def remove_derived(results: Path) -> None:
    """Remove the derived files of one job, before its results are ingested again."""
    shutil.rmtree(results / DERIVED_NAME, ignore_errors=True)


def remove_older_than(results_dir: Path, kinds: Sequence[str], before: float) -> None:
    """Remove derived files of these kinds, of all jobs, that were written before a time in seconds since the epoch."""
    for kind in kinds:
        for path in derived_files(results_dir, f"{kind}-*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()


def derived_bytes(results_dir: Path) -> int:
    """Total size of the derived files of all jobs."""
    return sum(size_of(folder) for folder in results_dir.glob(f"*/{DERIVED_NAME}"))


def remove_old_exports(data_dir: Path) -> None:
    """Remove the `exports` folder in which earlier versions kept derived files: they can be exported again."""
    folder = data_dir / "exports"
    if folder.is_dir():
        shutil.rmtree(folder, ignore_errors=True)
        _LOG.info("Removed the exports of an earlier version; they can be created again on the Analytics page.")
