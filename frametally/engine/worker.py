"""The worker process: runs queued jobs one at a time. The supervisor starts it; it ends when its parent does."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from filelock import FileLock

from frametally.config.inference_servers import InferenceServers
from frametally.engine.progress import check_cancelled
from frametally.engine.runner import run_job
from frametally.engine.spool import RETENTION_S, Spool, SpooledJob, WorkerProgress
from frametally.engine.watchdog import CHECK_EVERY_S, FETCHING, Watchdog
from frametally.errors import FrametallyError, OutOfMemory
from frametally.memory import release_freed_memory
from frametally.network.download import download
from frametally.storage.space import is_disk_full

TIDY_EVERY_S: Final = 3600.0
RETRY_AFTER_S: Final = 5.0
_LOG = logging.getLogger("frametally.engine.worker")


def main() -> None:
    """Process the spool until the parent process ends."""
    options, secrets = begin_process()
    spool = Spool(options.folder)
    with one_worker(options.folder):
        serve(
            spool,
            options.models_dir,
            InferenceServers.from_environment(secrets),
            max_video_bytes=options.max_video_bytes,
            private_urls=options.private_urls,
            retention_s=options.retention_s,
        )


def begin_process() -> tuple[argparse.Namespace, dict[str, str]]:
    """Let this process end with its parent and give way to the pages; returns its options and the secret settings."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, whose end also ends this process
    secrets = _read_secrets()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logging.basicConfig(format="%(asctime)s %(name)s %(levelname)s %(message)s")
    options = _parse_options()
    os.nice(5)  # so that the pages stay responsive during inference
    with suppress(OSError):  # if memory runs out, Linux should kill this process and not the server
        Path("/proc/self/oom_score_adj").write_text("500")
    return options, secrets


def one_worker(folder: Path) -> FileLock:
    """The lock that one worker of a spool holds."""
    return FileLock(folder / "worker.lock", poll_interval=0.5)


def serve(
    spool: Spool,
    models_dir: Path,
    servers: InferenceServers,
    *,
    max_video_bytes: int,
    private_urls: bool,
    retention_s: float = RETENTION_S,
) -> None:
    """Run queued jobs, oldest first, in an endless loop; delete uploads and ended jobs older than `retention_s`."""
    ended: set[str] = set()
    tidied_s = float("-inf")
    while True:
        if time.monotonic() - tidied_s > min(TIDY_EVERY_S, retention_s):
            tidied_s = time.monotonic()
            spool.delete_old(now_s=time.time(), retention_s=retention_s)
        queued = spool.queued(known_ended=ended)
        if not queued:
            time.sleep(CHECK_EVERY_S)
            continue
        try:
            if not attempt(queued[0], models_dir, servers, max_video_bytes=max_video_bytes, private_urls=private_urls):
                os._exit(0)  # the supervisor starts the next worker within a second
        except OSError as error:
            _LOG.warning("the failure of job %s could not be written; trying again: %s", queued[0].id, error.strerror)
            time.sleep(RETRY_AFTER_S)
        release_freed_memory()


def attempt(
    job: SpooledJob, models_dir: Path, servers: InferenceServers, *, max_video_bytes: int, private_urls: bool
) -> bool:
    """Run a job until it is done, failed or canceled; returns whether this process can run another one.

    Raises:
        OSError: the job has not ended, because the reason for its failure could not be written either.
    """
    try:
        with Watchdog(job) as watchdog:
            job.report(WorkerProgress(0.0, os.getpid()))
            if job.request.url is not None and not job.video.exists():
                watchdog.enter_phase(FETCHING)
                fetch(job, job.request.url, max_video_bytes=max_video_bytes, private_urls=private_urls)
            run_job(job, models_dir, servers, enter_phase=watchdog.enter_phase)
    except Exception as error:  # an error in one job must not affect the next
        if job.state == "queued":
            job.fail(reason_of(job.id, error))
            return leaves_process_fit(error)
        job.delete_work_files()  # the job ended during the run, which may have caused the error
    return True


def fetch(job: SpooledJob, url: str, *, max_video_bytes: int, private_urls: bool) -> None:
    """Download the video of a job."""
    arriving = job.new_work_folder() / "video"
    download(
        url,
        arriving,
        max_bytes=max_video_bytes,
        private_urls=private_urls,
        on_progress=lambda *_: check_cancelled(job),
    )
    arriving.replace(job.video)


def reason_of(job_id: str, error: Exception) -> str:
    """Why a job failed, as text for the user; internal details go to the log."""
    if isinstance(error, FrametallyError):
        return str(error)
    if is_disk_full(error):
        return "The engine's disk is full. Free some space and run the job again."
    _LOG.error("job %s failed", job_id, exc_info=error)
    if _lacks_memory(error):
        return str(OutOfMemory())
    return "An internal error occurred in the engine. Details are in its log."


def leaves_process_fit(error: Exception) -> bool:
    """Whether the process is unaffected; one that ran out of memory may not recover."""
    return is_disk_full(error) or (isinstance(error, FrametallyError) and not _lacks_memory(error))


def _lacks_memory(error: Exception) -> bool:
    """Whether memory ran out, possibly that of a new thread."""
    no_thread = isinstance(error, BlockingIOError) or "can't start new thread" in str(error)
    return no_thread or isinstance(error, (MemoryError, OutOfMemory))


def _read_secrets() -> dict[str, str]:
    """The settings that the parent writes in one line; none if it has ended before."""
    line = os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0).readline()
    return dict(json.loads(line)) if line.strip() else {}


def _end_with_parent() -> None:
    """End the process when the parent's end of the pipe closes, also during a long inference."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--models-dir", type=Path, required=True)
    parser.add_argument("--max-video-bytes", type=int, required=True)
    parser.add_argument("--private-urls", action="store_true")
    parser.add_argument("--cluster", default="")
    parser.add_argument("--retention-s", type=float, default=RETENTION_S)
    return parser.parse_args()


if __name__ == "__main__":
    main()
