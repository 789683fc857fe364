"""A cluster of Ray on loopback, whose nodes are killed with all of their processes."""

from __future__ import annotations

import importlib.util
import os
import secrets
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

ENVIRONMENT = {
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # the name of what makes Ray stay on loopback
}
_HEALTH = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500, "health_check_failure_threshold": 4}
_NODE = {"object_store_memory": 80 << 20, "node_ip_address": "127.0.0.1", "include_dashboard": False}


class RayCluster:
    """A head without cores, and nodes of one core each."""

    def __init__(self, cluster: Any, client_port: int) -> None:
        self._cluster = cluster
        self.client_address = f"ray://127.0.0.1:{client_port}"
        self._nodes: list[Any] = []

    @property
    def address(self) -> str:
        return str(self._cluster.address)

    def add_node(self) -> None:
        self._nodes.append(self._cluster.add_node(num_cpus=1, **_NODE))

    def bind_to_cores(self, cores: list[int]) -> None:
        """Bind each node, with the processes that it will start, to one of these cores."""
        for node, core in zip(self._nodes, cores, strict=False):
            for raylet in _raylets(node):
                for pid in (raylet, *_children(raylet)):
                    for thread in Path(f"/proc/{pid}/task").iterdir():
                        with suppress(OSError):
                            os.sched_setaffinity(int(thread.name), {core})

    def kill_node(self, number: int) -> None:
        """Kill a node as if its machine had lost power: the raylet, then the processes that it started."""
        node = self._nodes.pop(number)
        pids = [child for each in _raylets(node) for child in (each, *_children(each))]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._cluster.remove_node(node, allow_graceful=False)


@contextmanager
def ray_cluster(nodes: int) -> Iterator[RayCluster]:
    """A running cluster; this process has the environment to join it."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is not installed: pip install 'frametally[cluster]'")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        import ray  # it reads the environment when it is imported
        from ray.cluster_utils import Cluster

        with socket.create_server(("127.0.0.1", 0)) as listener:
            client_port = listener.getsockname()[1]
        head = {"num_cpus": 0, "_system_config": _HEALTH, "ray_client_server_port": client_port, **_NODE}
        started = Cluster(initialize_head=True, head_node_args=head)
        try:
            cluster = RayCluster(started, client_port)
            for _ in range(nodes):
                cluster.add_node()
            yield cluster
        finally:
            ray.shutdown()
            started.shutdown()


def _raylets(node: Any) -> list[int]:
    return [info.process.pid for info in node.all_processes["raylet"]]


def _children(pid: int) -> list[int]:
    """The direct children of a process."""
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []
