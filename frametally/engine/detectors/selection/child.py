"""The child process that opens and examines one untrusted model file: `python -m … FILE`.

It prints the JSON of an `Inspection` in one line. If only one architecture fits the shapes, a first line is printed
before the examination, so that a model that is too slow or too large for it can still be used.
"""

from __future__ import annotations

import logging
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from frametally.engine.detectors.onnx_file import OnnxFile
from frametally.engine.detectors.registry import OnnxDetector
from frametally.engine.detectors.selection.choice import Variant, choose, open_variant
from frametally.engine.detectors.selection.inspection import OUT_OF_MEMORY_CODE, Inspection
from frametally.errors import FrametallyError, OutOfMemory
from frametally.processes.sandbox import enter_sandbox

MAX_MEMORY_BYTES: Final = 1_000_000_000
_MEMORY_FACTOR: Final = 5
"""A file is parsed, copied and optimized: its size times this, if that is more."""
_MAX_CPU_S: Final = 20
"""Ends a process whose parent, which would stop it, no longer exists."""
_LOG = logging.getLogger("frametally.engine")


def examine(path: Path, report: Callable[[Inspection], None] = lambda _: None) -> Inspection:
    """Open and examine a file in this process; `report` receives an early result, see above."""

    def opened(variant: Variant, detector: OnnxDetector) -> None:
        report(_inspection(variant, detector))

    try:
        file = OnnxFile(path, metadata_only=True)
        variant = choose(file, opened=opened)
        return _inspection(variant, open_variant(file, variant))
    except (MemoryError, OutOfMemory):
        raise
    except FrametallyError as error:
        return Inspection(what=error.what, next_step=error.next_step)
    except Exception:  # an untrusted file
        _LOG.exception("a model file could not be inspected")
        return Inspection(what=f"{'/'.join(path.parts[-3:-1])} causes an internal error.", next_step="Export it again.")


def _inspection(variant: Variant, detector: OnnxDetector) -> Inspection:
    return Inspection(variant.architecture, variant.decoded, detector.inference_type, tuple(detector.classes))


def _limit_memory(path: Path) -> None:
    limit = max(MAX_MEMORY_BYTES, _MEMORY_FACTOR * path.stat().st_size)
    enter_sandbox(max_memory_bytes=limit)
    resource.setrlimit(resource.RLIMIT_CPU, (_MAX_CPU_S, _MAX_CPU_S))


def main() -> None:
    path = Path(sys.argv[1])
    _limit_memory(path)

    def report(inspection: Inspection) -> None:
        print(msgspec.json.encode(inspection).decode(), flush=True)

    try:
        report(examine(path, report))
    except (MemoryError, OutOfMemory):
        sys.exit(OUT_OF_MEMORY_CODE)


if __name__ == "__main__":
    main()
