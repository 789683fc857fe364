"""What is known of a model file, found out once per content of its files, in a child process.

models/<model id>/<version>/derived/inspection-<hash>.json
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct, structs

from frametally.contract import InferenceType
from frametally.engine.detectors.model_config import MAX_BYTES, ArchitectureName, companion_files
from frametally.errors import FrametallyError, ModelError
from frametally.processes.environment import ROOT, child_environment
from frametally.storage.atomic import read_json, write_json
from frametally.storage.derived import derived_path
from frametally.storage.digests import sha256_of

TIME_LIMIT_S: Final = 10.0
VERSION: Final = 1
"""Increased when another result is possible for the same files."""
OUT_OF_MEMORY_CODE: Final = 3
"""Exit code of the child process when memory runs out."""
_ENVIRONMENT: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_MAX_REMEMBERED: Final = 256
_LOG = logging.getLogger("frametally.engine")


class Inspection(Struct, frozen=True):
    """How a model file is read, or why it is refused."""

    architecture: ArchitectureName | None = None
    decoded: bool = False
    inference_type: InferenceType | None = None
    classes: tuple[str, ...] = ()
    what: str = ""
    """Why it is refused; empty if it can be run."""
    next_step: str = ""
    is_final: bool = True
    """Whether it would be the same on a faster or larger machine."""

    @property
    def refusal(self) -> ModelError | None:
        return ModelError(self.what, self.next_step) if self.what else None


class Inspector:
    """Inspects model files, one at a time, and remembers the results: in memory, and final ones beside the files."""

    def __init__(self, examine: Callable[[Path], Inspection]) -> None:
        self._examine = examine
        self._remembered: OrderedDict[Path, Inspection] = OrderedDict()
        self._lock = threading.Lock()

    def inspect(self, path: Path) -> Inspection:
        """The result for a file.

        Raises:
            OSError: a file of the model cannot be read.
        """
        with self._lock:
            stored_at = _stored_at(path)
            found = (
                self._remembered.get(stored_at) or read_json(stored_at, Inspection) or self._examined(path, stored_at)
            )
            self._remembered[stored_at] = found
            if len(self._remembered) > _MAX_REMEMBERED:
                self._remembered.popitem(last=False)
            return found

    def _examined(self, path: Path, stored_at: Path) -> Inspection:
        found = self._examine(path)
        if found.what:
            _LOG.warning("%s %s", found.what, found.next_step)
        if found.is_final:
            with suppress(OSError, FrametallyError):  # the folder may be read-only, or the disk full
                stored_at.parent.mkdir(exist_ok=True)
                write_json(stored_at, found)
        return found


def examine_in_child(path: Path) -> Inspection:
    """Examine a file in a child process with limited time and memory."""
    command = [sys.executable, "-m", f"{__package__}.child", str(path.absolute())]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**child_environment(os.environ), **_ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIME_LIMIT_S,
            check=False,
        )
        output, code = done.stdout, done.returncode
        _LOG.debug("inspection of %s: %s", _name(path), done.stderr.decode(errors="replace")[-2000:])
    except subprocess.TimeoutExpired as error:
        output, code = error.stdout or b"", None
    return _result(_name(path), output, code)


def _result(model: str, output: bytes, code: int | None) -> Inspection:
    """The result of a child process from what it printed and its exit code; None if it took too long."""
    *complete, _ = output.split(b"\n")
    found = msgspec.json.decode(complete[-1], type=Inspection) if complete else None
    if code == 0 and found is not None:
        return found
    if code is None or code in (OUT_OF_MEMORY_CODE, -signal.SIGKILL):
        if found is not None:
            return structs.replace(found, is_final=False)
        what = f"{model} cannot be opened within {TIME_LIMIT_S:.0f} s and the memory for its size."
        return Inspection(what=what, next_step="Use a smaller model.", is_final=False)
    return Inspection(what=f"{model} crashes ONNX Runtime.", next_step="Export the model again.")


def _name(path: Path) -> str:
    return "/".join(path.parts[-3:-1])


def _stored_at(path: Path) -> Path:
    """Where the result is stored; the name depends on the contents of the model and its companion files."""
    companions = [one for one in companion_files(path.parent) if one.is_file() and one.stat().st_size <= MAX_BYTES]
    contents = {one.name: sha256_of(one) for one in (path, *companions)}
    # External weights may be gigabytes: their size and time suffice.
    others = sorted(
        (one.name, one.stat().st_size, one.stat().st_mtime_ns)
        for one in path.parent.iterdir()
        if one.is_file() and one.name not in contents
    )
    return derived_path(path.parent, "inspection", [VERSION, _name(path), contents, others], "json")


_INSPECTOR: Final = Inspector(examine_in_child)


def inspect_model(path: Path) -> Inspection:
    """How a model file is read, or why it is refused.

    Raises:
        ModelError: a file of the model cannot be read.
    """
    try:
        return _INSPECTOR.inspect(path)
    except OSError as error:
        raise ModelError(f"{_name(path)} cannot be read.", "Check the permissions of its files.") from error
