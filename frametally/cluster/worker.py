"""The worker process of an engine on a cluster: coordinates the workers of the cluster until its parent ends."""

from __future__ import annotations

import logging
import os
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from frametally.cluster.coordinator import Coordinator
from frametally.config.version import version
from frametally.contract import INDEX_VERSION
from frametally.engine.spool import Spool, SpooledJob
from frametally.engine.supervisor import STORAGE_SETTING
from frametally.engine.worker import RETRY_AFTER_S, TIDY_EVERY_S, begin_process, fetch, one_worker
from frametally.memory import release_freed_memory
from frametally.storage.atomic import atomic_path
from frametally.storage.objects import StoreUnavailable, open_objects

WAIT_S: Final = 0.1
_STORE_BYTES: Final = 80 << 20
"""Of Ray's own object store, which is used for messages only."""
_LOOPBACK: Final = "127.0.0.1"
_LOG = logging.getLogger("frametally.cluster")


def main() -> None:
    """Run the queued jobs on the cluster until the parent process ends."""
    options, service_secrets = begin_process()
    spool = Spool(options.folder)
    with one_worker(options.folder):
        join(options.cluster)
        from frametally.cluster.ray_nodes import RayNodes

        storage_url = service_secrets.get(STORAGE_SETTING) or (options.folder / "cluster").as_uri()

        def download(job: SpooledJob) -> None:
            fetch(
                job,
                job.request.url or "",
                max_video_bytes=options.max_video_bytes,
                private_urls=options.private_urls,
            )

        coordinator = Coordinator(
            spool,
            RayNodes(options.models_dir, storage_url, service_secrets),
            open_objects(storage_url, service_secrets),
            fetch=download,
            prefix=f"pieces/{spool_id(options.folder)}/{version()}-{INDEX_VERSION}",
            shares_disk=STORAGE_SETTING not in service_secrets,
        )

        def tidy() -> None:
            spool.delete_old(now_s=time.time(), retention_s=options.retention_s)
            coordinator.tidy()

        serve(coordinator, tidy, every_s=min(TIDY_EVERY_S, options.retention_s))


def spool_id(folder: Path) -> str:
    """A name for this spool in a store that others use as well."""
    path = folder / "cluster" / "id"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with suppress(FileExistsError), atomic_path(path, replace=False) as draft:
        draft.write_text(uuid.uuid4().hex)
    return path.read_text()


def serve(coordinator: Coordinator, tidy: Callable[[], None], *, every_s: float) -> None:
    """Coordinate in an endless loop, and tidy at its beginning and every so often.

    Raises:
        ConnectionError: the client of Ray has given up; only another process can connect again.
    """
    tidied_s = float("-inf")
    while True:
        try:
            if time.monotonic() - tidied_s > every_s:
                tidied_s = time.monotonic()
                tidy()
                release_freed_memory()
            coordinator.turn(WAIT_S)
        except ConnectionError:
            raise
        except (OSError, StoreUnavailable) as error:
            _LOG.warning("the spool or the objects could not be read or written; trying again: %s", error)
            time.sleep(RETRY_AFTER_S)


def join(address: str) -> None:
    """Join the cluster at this address; `auto` joins the one of this machine, and starts one if there is none."""
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray  # it reads the environment when it is imported

    common: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR, "namespace": "frametally"}
    if address != "auto":
        ray.init(address=address, **common)
        return
    try:
        ray.init(address="auto", **common)
    except ConnectionError:
        _start_here(common)


def _start_here(common: dict[str, Any]) -> None:
    """Start a cluster of this machine alone, on loopback, which ends with this process."""
    import ray
    from ray._private import ray_constants

    # What Ray has for Windows: without it, its processes listen on every address.
    os.environ[ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR] = "0"
    ray_constants.ENABLE_RAY_CLUSTER = False
    cores = len(os.sched_getaffinity(0))
    ray.init(
        address="local",
        num_cpus=cores,
        include_dashboard=False,
        object_store_memory=_STORE_BYTES,
        _node_ip_address=_LOOPBACK,
        **common,
    )
    _LOG.warning("started a cluster on this machine with %d cores", cores)


if __name__ == "__main__":
    main()
