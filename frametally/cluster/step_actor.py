"""A worker of a cluster: a process that runs one step at a time and keeps models open."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from frametally.cluster.object_videos import read_videos_from
from frametally.cluster.step_runner import StepRunner
from frametally.cluster.step_watch import Request, StepWatch
from frametally.cluster.steps import StepState, decode_step, encode
from frametally.config.inference_servers import InferenceServers
from frametally.config.version import version
from frametally.storage.objects import open_objects

CONTROL: Final = "control"
"""The group of methods that another thread runs while a step runs."""

T = TypeVar("T", bound=Callable[..., object])


def _control(method: T) -> T:
    """Put a method into this group, as `ray.method` does; this module imports nothing of Ray."""
    vars(method)["__ray_concurrency_group__"] = CONTROL
    return method


class Description(NamedTuple):
    """What a worker says about itself."""

    pid: int
    version: str


class StepActor:
    """The class of the actors. `run` is called by one thread, the others by another one."""

    def __init__(self, models_dir: str, storage_url: str, secrets: dict[str, str], threads: int) -> None:
        os.nice(5)
        with suppress(OSError):  # if memory runs out, Linux should kill this process first
            Path("/proc/self/oom_score_adj").write_text("1000")
        servers = InferenceServers.from_environment(secrets)
        objects = open_objects(storage_url, secrets)
        read_videos_from(objects)
        self._runner = StepRunner(Path(models_dir), servers, objects, threads=threads)
        self._watch: StepWatch | None = None
        self._requests: dict[int, Request] = {}

    def describe(self) -> Description:
        """Called once, when the process has started."""
        return Description(os.getpid(), version())

    def run(self, step_id: int, step: bytes) -> bytes:
        """Run a step; its answer."""
        self._watch = StepWatch(step_id, lambda: self._requests.get(step_id))
        try:
            return encode(self._runner.run(decode_step(step), self._watch))
        finally:
            self._watch = None
            self._requests.pop(step_id, None)

    @_control
    def state(self) -> bytes:
        """What it is doing."""
        watch = self._watch
        return encode(StepState() if watch is None else watch.state)

    @_control
    def ask(self, step_id: int, request: Request) -> None:
        """Ask the step of this id to stop, also if it has not begun."""
        self._requests[step_id] = request
