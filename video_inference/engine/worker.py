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
from pathlib import Path
from typing import Final

from filelock import FileLock

from video_inference.engine.runner import run_job
from video_inference.engine.spool import Job, Progress, Spool
from video_inference.errors import FrametallyError
from video_inference.fetch import fetch
from video_inference.model_servers import ModelServers

LOOK_EVERY_S: Final = 0.25
TIDY_EVERY_S: Final = 3600.0
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
        )


def serve(spool: Spool, models_dir: Path, servers: ModelServers, *, max_video_bytes: int, private_urls: bool) -> None:
    """Run queued jobs, the oldest first, for ever."""
    ended: set[str] = set()
    tidied_s = 0.0
    while True:
        if time.time() - tidied_s > TIDY_EVERY_S:
            tidied_s = time.time()
            spool.forget_old(now_s=tidied_s)
        queued = spool.queued(known_ended=ended)
        if not queued:
            time.sleep(LOOK_EVERY_S)
            continue
        attempt(queued[0], models_dir, servers, max_video_bytes=max_video_bytes, private_urls=private_urls)


def attempt(job: Job, models_dir: Path, servers: ModelServers, *, max_video_bytes: int, private_urls: bool) -> None:
    """Bring a job to its end, done or failed."""
    try:
        job.report(Progress(0.0, os.getpid()))
        url = job.request.url
        if url is not None and not job.video.exists():
            arriving = job.new_work_folder() / "video"
            fetch(url, arriving, max_bytes=max_video_bytes, private_urls=private_urls)
            arriving.replace(job.video)
        run_job(job, models_dir, servers)
    except FrametallyError as error:
        job.fail(str(error))
    except OSError as error:
        _LOG.exception("job %s failed", job.id)
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        job.fail("The engine's disk is full. Free some space and run the job again." if full else _INTERNAL)
    except Exception:  # whatever one job does, the next one gets its turn
        _LOG.exception("job %s failed", job.id)
        job.fail(_INTERNAL)


_INTERNAL: Final = "The engine failed at this job for a reason of its own. Its log says more."


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
    return parser.parse_args()


if __name__ == "__main__":
    main()
