"""Damaged and rearranged model files, each opened and examined in a child process as the engine does.

No child process may end by a signal, take more than 10 s of processor time or 1 GB, or end without a result that has a
reason. In `make soak` this takes ten minutes (`FUZZ_SECONDS`). A failure names the seeds: `mutated(original, seed)` is
the file.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from frametally.engine.detectors.selection.child import MAX_MEMORY_BYTES
from frametally.engine.detectors.selection.inspection import OUT_OF_MEMORY_CODE, TIME_LIMIT_S, _result
from tests.support import onnx_architectures, onnx_models
from tests.support.onnx_families import FAMILIES
from tests.support.onnx_mutations import mutated
from tests.support.source_tree import ROOT

pytestmark = [pytest.mark.child_process, pytest.mark.slow]

SECONDS = float(os.environ.get("FUZZ_SECONDS", "4"))
ORIGINALS: tuple[Callable[[Path], None], ...] = (
    lambda path: FAMILIES["yolov8"](path, ""),
    lambda path: FAMILIES["picodet"](path, ""),
    lambda path: FAMILIES["d-fine"](path, ""),
    lambda path: FAMILIES["yolov7-end2end"](path, ""),
    lambda path: onnx_architectures.save_yolov8_more(path, "segment"),
    lambda path: onnx_architectures.save_yolov8_more(path, "pose"),
    onnx_architectures.save_classifier,
    onnx_architectures.save_semantic,
    onnx_models.save_yolox,
)


_MEASURED = """
import atexit, runpy, sys
sys.argv = sys.argv[1:]
hwm = lambda: open("/proc/self/status").read().split("VmHWM:")[1].split()[0]
atexit.register(lambda: open(sys.argv[-1] + ".peak_kib", "w").write(hwm()))
runpy.run_module("frametally.engine.detectors.selection.child", run_name="__main__", alter_sys=True)
"""
"""Runs the child process and leaves its peak size; `ru_maxrss` would include that of the process that started it."""


class Ended(NamedTuple):
    """How a child process ended."""

    code: int
    cpu_s: float
    """Time on the processor, which other processes of the machine do not lengthen."""
    resident_bytes: int
    output: bytes


def examined(path: Path) -> Ended:
    peak = path.with_name(path.name + ".peak_kib")
    peak.write_text("0")
    command = [sys.executable, "-c", _MEASURED, "child", str(path)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with (path.parent / "out").open("wb") as output, (path.parent / "err").open("wb") as errors:
        child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=errors)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    printed = (path.parent / "out").read_bytes()
    return Ended(child.returncode, usage.ru_utime + usage.ru_stime, int(peak.read_text()) * 1024, printed)


@pytest.mark.soak
def test_every_damaged_model_gets_a_result_with_a_reason(tmp_path: Path) -> None:
    contents = []
    for number, save in enumerate(ORIGINALS):
        original = tmp_path / "original" / str(number) / "model.onnx"
        save(original)
        contents.append(original.read_bytes())
    path = tmp_path / "fuzzed" / "1" / "model.onnx"
    path.parent.mkdir(parents=True)
    path.with_name("classes.txt").write_text("dark\nbright\n")
    ends: list[Ended] = []
    faults = []
    until_s = time.monotonic() + SECONDS
    while time.monotonic() < until_s:
        seed = len(ends)
        path.write_bytes(mutated(contents[seed % len(contents)], seed))
        ends.append(examined(path))
        if fault := _fault(ends[-1]):
            faults.append((seed, fault))
    print(f"figure fuzz_models_inputs {len(ends)}")
    print(f"figure fuzz_models_usable {sum(not _result('fuzzed/1', end.output, end.code).what for end in ends)}")
    print(f"figure fuzz_models_slowest_cpu_s {max(end.cpu_s for end in ends):.2f}")
    print(f"figure fuzz_models_peak_mb {max(end.resident_bytes for end in ends) / 1e6:.0f}")
    assert faults == []


def _fault(ended: Ended) -> str:
    """What is wrong with the end of a child process; empty if nothing is."""
    if ended.code not in (0, OUT_OF_MEMORY_CODE):
        return f"ended with code {ended.code}"
    if ended.cpu_s > TIME_LIMIT_S or ended.resident_bytes > MAX_MEMORY_BYTES:
        return f"took {ended.cpu_s:.1f} s and {ended.resident_bytes / 1e6:.0f} MB"
    found = _result("fuzzed/1", ended.output, ended.code)
    is_complete = bool(found.what and found.next_step) if found.what else found.architecture is not None
    return "" if is_complete else f"no reason in {ended.output!r}"
