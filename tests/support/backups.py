"""Data folders for tests of backup and restore."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from frametally.config.generated_secret import read_or_make_secret
from frametally.config.settings import Settings
from frametally.job import JobStatus, ModelChoice
from frametally.ledger.ledger import Ledger
from frametally.ledger.presets import Preset
from frametally.library.library import Library
from frametally.results import archive_results
from tests.support.ledgers import START, a_job, open_ledger
from tests.support.short_documents import document, entry


def settings_in(folder: Path, database_url: str | None = None) -> Settings:
    env = {"FRAMETALLY_DATA_DIR": str(folder), "FRAMETALLY_DATABASE_URL": database_url or ""}
    return Settings.read(env)


def finish_job(settings: Settings, ledger: Ledger, job_id: str, entries: int = 3) -> None:
    """Archive results, then mark the job as succeeded, as the workflow does."""
    settings.results_dir.mkdir(parents=True, exist_ok=True)
    download = settings.results_dir / f"{job_id}.json"
    download.write_text(json.dumps(document(*[entry()] * entries)))
    archive_results(download, settings.results_dir / job_id)
    download.unlink()
    assert ledger.transition(ledger.job(job_id), JobStatus.SUCCEEDED, ended_at=START)


@contextmanager
def filled(settings: Settings, small_video: Path | None = None) -> Iterator[Ledger]:
    """The open ledger of a data folder with a succeeded job, an open one, a saved model, secrets and a model file."""
    read_or_make_secret(settings.link_secret_file)
    read_or_make_secret(settings.engine_key_file)
    model = settings.models_dir / "cars" / "2" / "model.onnx"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"weights")
    if small_video:
        Library(settings.media_dir, max_video_bytes=1 << 30).add(small_video, actor=None)
    with open_ledger(settings.database_url) as ledger:
        ledger.add(a_job("done", status=JobStatus.SUBMITTED, video_name="naïve 视频.mp4"))
        finish_job(settings, ledger, "done")
        ledger.add(a_job("open", created_at=START + timedelta(seconds=1)))
        ledger.presets.save(Preset(name="Dock", model=ModelChoice(model_id="cars", version="2")))
        yield ledger


def contents(folder: Path) -> dict[str, str]:
    """SHA-256 by relative path of the files below a folder, except SQLite's WAL files and the lock file."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "in-use")
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if not path.name.endswith(("-shm", "-wal"))
    }
