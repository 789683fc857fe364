"""The worker process: takes one queued job after the other. Started by the server, ends when the server does."""

from __future__ import annotations

import argparse
import errno
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock

from video_inference.engine.progress import check_cancelled
from video_inference.engine.runner import run_job
from video_inference.engine.spool import KEEP_S, Job, Progress, Spool
from video_inference.errors import DecoderStuck, FrametallyError
from video_inference.fetch import fetch
from video_inference.model_servers import ModelServers

LOOK_EVERY_S: Final = 0.25
TIDY_EVERY_S: Final = 3600.0
GRACE_S: Final = 0.75
"""How long a cancelled job may take to stop by itself."""
_LOG = logging.getLogger("frametally.engine.worker")


def main() -> None:
    """Serve the spool until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, and its end is ours
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logging.basicConfig(format="%(asctime)s %(name)s %(levelname)s %(message)s")
    options = _parse_options()
    os.nice(5)  # the pages stay quick while a video is worked on
    spool = Spool(options.folder)
    with FileLock(options.folder / "worker.lock", poll_interval=0.5):
        serve(
            spool,
            options.models_dir,
            ModelServers.read(os.environ),
            max_video_bytes=options.max_video_bytes,
            private_urls=options.private_urls,
            keep_s=options.keep_s,
        )


def serve(
    spool: Spool,
    models_dir: Path,
    servers: ModelServers,
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
        attempt(queued[0], models_dir, servers, max_video_bytes=max_video_bytes, private_urls=private_urls)


def attempt(job: Job, models_dir: Path, servers: ModelServers, *, max_video_bytes: int, private_urls: bool) -> None:
    """Bring a job to its end: done, failed, or cancelled by somebody else."""
    try:
        with _ended_when_cancelled(job):
            job.report(Progress(0.0, os.getpid()))
            url = job.request.url
            if url is not None and not job.video.exists():
                arriving = job.new_work_folder() / "video"
                fetch(
                    url,
                    arriving,
                    max_bytes=max_video_bytes,
                    private_urls=private_urls,
                    on_progress=lambda *_: check_cancelled(job),
                )
                arriving.replace(job.video)
            run_job(job, models_dir, servers)
    except DecoderStuck as error:
        job.fail(str(error))
        os._exit(1)  # the thread that decodes will not end; the next worker is there in a second
    except Exception as error:  # whatever one job does, the next one gets its turn
        if job.state == "queued":
            job.fail(_reason(job, error))
        else:  # it met its end, or missed the files that went with it
            job.let_go()


def _reason(job: Job, error: Exception) -> str:
    """Why a job failed, for a person to read; what is nobody's business but ours goes to the log."""
    if isinstance(error, FrametallyError):
        return str(error)
    _LOG.error("job %s failed", job.id, exc_info=error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The engine's disk is full. Free some space and run the job again."
    return "The engine failed at this job for a reason of its own. Its log says more."


@contextmanager
def _ended_when_cancelled(job: Job) -> Iterator[None]:
    """End this process where a cancelled job does not: one call into a model or a decoder may take minutes.

    The next worker is there in a second.
    """
    over = threading.Event()

    def watch() -> None:
        while not over.wait(LOOK_EVERY_S):
            if job.is_cancelled and not over.wait(GRACE_S):
                _LOG.warning("job %s was cancelled and did not stop: the worker ends with it", job.id)
                job.let_go()
                os._exit(0)

    watching = threading.Thread(target=watch, name=f"watch {job.id}", daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()


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
