"""The worker process: takes one queued job after the other. Started by the server, ends when the server does."""

from __future__ import annotations

import argparse
import ctypes
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
from frametally.engine.spool import KEEP_S, Job, Progress, Spool
from frametally.engine.watchdog import FETCHING, LOOK_EVERY_S, Watch
from frametally.errors import FrametallyError, OutOfMemory
from frametally.network.download import download
from frametally.storage.space import is_disk_full

TIDY_EVERY_S: Final = 3600.0
TRY_AGAIN_S: Final = 5.0
_LOG = logging.getLogger("frametally.engine.worker")


def main() -> None:
    """Serve the spool until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, and its end is ours
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logging.basicConfig(format="%(asctime)s %(name)s %(levelname)s %(message)s")
    options = _parse_options()
    os.nice(5)  # the pages stay quick while a video is worked on
    with suppress(OSError):  # where memory runs out, Linux is to take this process and not the server
        Path("/proc/self/oom_score_adj").write_text("500")
    spool = Spool(options.folder)
    with FileLock(options.folder / "worker.lock", poll_interval=0.5):
        serve(
            spool,
            options.models_dir,
            InferenceServers.from_environment(os.environ),
            max_video_bytes=options.max_video_bytes,
            private_urls=options.private_urls,
            keep_s=options.keep_s,
        )


def serve(
    spool: Spool,
    models_dir: Path,
    servers: InferenceServers,
    *,
    max_video_bytes: int,
    private_urls: bool,
    keep_s: float = KEEP_S,
) -> None:
    """Run queued jobs, the oldest first, for ever; forget what ended more than `keep_s` ago."""
    ended: set[str] = set()
    tidied_s = 0.0
    while True:
        if time.time() - tidied_s > min(TIDY_EVERY_S, keep_s):
            tidied_s = time.time()
            spool.forget_old(now_s=tidied_s, keep_s=keep_s)
        queued = spool.queued(known_ended=ended)
        if not queued:
            time.sleep(LOOK_EVERY_S)
            continue
        try:
            if not attempt(queued[0], models_dir, servers, max_video_bytes=max_video_bytes, private_urls=private_urls):
                os._exit(0)  # the next worker is there in a second
        except OSError as error:
            _LOG.warning("job %s can neither run nor end, and is tried again: %s", queued[0].id, error.strerror)
            time.sleep(TRY_AGAIN_S)
        _give_memory_back()


def attempt(job: Job, models_dir: Path, servers: InferenceServers, *, max_video_bytes: int, private_urls: bool) -> bool:
    """Bring a job to its end: done, failed, or cancelled by somebody else. Whether this process is as good as before.

    Raises:
        OSError: it has not ended: not even the reason could be written down.
    """
    try:
        with Watch(job) as watch:
            job.report(Progress(0.0, os.getpid()))
            if job.request.url is not None and not job.video.exists():
                watch.at(FETCHING)
                _fetch(job, job.request.url, max_video_bytes=max_video_bytes, private_urls=private_urls)
            run_job(job, models_dir, servers, at=watch.at)
    except Exception as error:  # whatever one job does, the next one gets its turn
        if job.state == "queued":
            job.fail(_reason(job, error))
            return _is_foreseen(error)
        job.let_go()  # it met its end, or missed the files that went with it
    return True


def _fetch(job: Job, url: str, *, max_video_bytes: int, private_urls: bool) -> None:
    arriving = job.new_work_folder() / "video"
    download(
        url,
        arriving,
        max_bytes=max_video_bytes,
        private_urls=private_urls,
        on_progress=lambda *_: check_cancelled(job),
    )
    arriving.replace(job.video)


def _reason(job: Job, error: Exception) -> str:
    """Why a job failed, for a person to read; what is nobody's business but ours goes to the log."""
    if isinstance(error, FrametallyError):
        return str(error)
    if is_disk_full(error):
        return "The engine's disk is full. Free some space and run the job again."
    _LOG.error("job %s failed", job.id, exc_info=error)
    if _lacks_memory(error):
        return str(OutOfMemory())
    return "The engine failed at this job for a reason of its own. Its log says more."


def _is_foreseen(error: Exception) -> bool:
    """Whether it leaves nothing behind; a process that was out of memory once may never have enough again."""
    return is_disk_full(error) or (isinstance(error, FrametallyError) and not _lacks_memory(error))


def _lacks_memory(error: Exception) -> bool:
    """The memory that is missing may be that of a new thread, in the decoder or here."""
    no_thread = isinstance(error, BlockingIOError) or "can't start new thread" in str(error)
    return no_thread or isinstance(error, (MemoryError, OutOfMemory))


def _give_memory_back() -> None:
    """Hand to the system what the last job no longer needs: glibc would keep it, in pieces, for each thread."""
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def _end_with_parent() -> None:
    """Wait for the end of the pipe that the parent holds, then end, also in the middle of a long inference."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--models-dir", type=Path, required=True)
    parser.add_argument("--max-video-bytes", type=int, required=True)
    parser.add_argument("--private-urls", action="store_true")
    parser.add_argument("--keep-s", type=float, default=KEEP_S)
    return parser.parse_args()


if __name__ == "__main__":
    main()
