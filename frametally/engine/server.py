"""The embedded engine as a component of an app: HTTP routes to mount, and a worker process to start and stop."""

from __future__ import annotations

import importlib.util
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from frametally.config.inference_servers import NO_SERVERS, InferenceServers
from frametally.engine.api import Api
from frametally.engine.fault_injection import ActiveFault, faulty
from frametally.engine.links import Links
from frametally.engine.shared.records import Records
from frametally.engine.shared.shared_spool import SharedSpool
from frametally.engine.shared.sharer import Sharer
from frametally.engine.spool import RETENTION_S, Spool
from frametally.engine.supervisor import STORAGE_SETTING, Supervisor
from frametally.errors import SettingsError
from frametally.network.routes import Check, GuardedRoute

_LOG = logging.getLogger("frametally.engine")


class Engine:
    """The embedded Video Inference service on one folder. Several may share a folder; one worker runs at a time."""

    def __init__(
        self,
        *,
        folder: Path,
        models_dir: Path,
        check: Check,
        link_secret: str,
        max_video_bytes: int,
        private_urls: bool = False,
        faults: Sequence[ActiveFault] = (),
        retention_s: float = RETENTION_S,
        inference_servers: InferenceServers = NO_SERVERS,
        cluster: str | None = None,
        storage_url: str | None = None,
        storage_keys: Mapping[str, str] = {},
        records: Records | None = None,
    ) -> None:
        """Create the spool and the API; `start` runs the worker.

        Args:
            folder: the folder of the spool, created if it does not exist.
            models_dir: the folder of the installed models.
            check: guards every route except signed links and the API description.
            link_secret: signs the links.
            max_video_bytes: limit for uploads and for videos fetched from a URL.
            private_urls: whether a job may read from private, loopback or link-local addresses.
            faults: faults to inject.
            retention_s: how long uploads and ended jobs are kept.
            inference_servers: the servers that run models without a file.
            cluster: address of the Ray cluster that runs the jobs; None to run them in the worker process.
            storage_url: with a cluster, the object storage that its workers share; None if they share the disk.
            storage_keys: of the object storage.
            records: what it shares with engines of other folders, behind whose addresses it also is; None: nothing.

        Raises:
            SettingsError: a cluster is asked for, and Ray is not installed.
        """
        if cluster and importlib.util.find_spec("ray") is None:
            raise SettingsError("A cluster needs the package ray.", "Install it: pip install 'frametally[cluster]'.")
        self._spool = Spool(folder.absolute())
        shared_spool = SharedSpool(folder.absolute(), records) if records else None
        self._sharer = shared_spool and Sharer(shared_spool, max_video_bytes=max_video_bytes, retention_s=retention_s)
        self._api = Api(
            spool=shared_spool or self._spool,
            own_spool=self._spool,
            links=Links(link_secret),
            models_dir=models_dir.absolute(),
            inference_servers=inference_servers,
            check=check,
            max_video_bytes=max_video_bytes,
        )
        self._faults = faults
        self._supervisor = Supervisor(
            self._spool,
            [
                *(sys.executable, "-m", "frametally.cluster.worker" if cluster else "frametally.engine.worker"),
                *("--folder", str(folder.absolute()), "--models-dir", str(models_dir.absolute())),
                *("--max-video-bytes", str(max_video_bytes), *(["--private-urls"] if private_urls else [])),
                *("--retention-s", str(retention_s), *(["--cluster", cluster] if cluster else [])),
            ],
            inference_servers.to_environment() | (_storage(storage_url, storage_keys) if cluster else {}),
            uses_cluster=cluster is not None,
        )

    def routes(self) -> list[GuardedRoute]:
        """The routes of the API, for the root of a host."""
        routes = self._api.routes()
        if not self._faults:
            return routes
        _LOG.warning("fault mode: %s", ", ".join(fault.name for fault in self._faults))
        return faulty(routes, self._faults)

    def start(self) -> None:
        """Start the worker and restart it when it ends. Idempotent."""
        self._supervisor.start()
        if self._sharer:
            self._sharer.start()

    def stop(self) -> None:
        """Stop the worker; a job that it was running is queued again."""
        self._supervisor.stop()
        if self._sharer:
            self._sharer.stop()


def _storage(url: str | None, keys: Mapping[str, str]) -> dict[str, str]:
    """What the worker of a cluster is given of the object storage."""
    return {} if url is None else {STORAGE_SETTING: url, **keys}
