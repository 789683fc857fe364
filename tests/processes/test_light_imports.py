"""supervision is imported without SciPy, and has everything nevertheless."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
import numpy as np
from frametally.processes.light_imports import supervision

sv = supervision()
assert not [name for name in sys.modules if name.startswith("scipy")], "SciPy is imported"
boxes = sv.Detections(xyxy=np.array([[10.0, 10, 30, 30]]), class_id=np.array([0]), tracker_id=np.array([1]))
smooth = sv.TraceAnnotator(smooth=True)
for step in range(8):
    boxes.xyxy = boxes.xyxy + [5, step, 5, step]
    drawn = smooth.annotate(np.zeros((90, 160, 3), np.uint8), boxes)
assert drawn.any() and "scipy.interpolate" in sys.modules, "a smoothed trace needs SciPy"
import scipy.spatial
assert scipy.spatial.cKDTree([[0.0, 0]]).query([1.0, 0])[0] == 1.0
assert supervision() is sv
"""
AT_THE_SAME_TIME = """
import importlib
import threading
from frametally.processes.light_imports import supervision

drawn, import_module = [], importlib.import_module

def sample():
    from scipy.stats import qmc
    drawn.append(qmc.Sobol(1, rng=1).random(2).shape)

def with_another_thread(name):
    importlib.import_module = import_module
    thread = threading.Thread(target=sample)
    thread.start()
    thread.join()
    return import_module(name)

importlib.import_module = with_another_thread
supervision()
assert drawn == [(2, 1)], "another thread got a stand-in"
"""


def run(program: str) -> None:
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stderr


def test_scipy_is_imported_only_by_what_needs_it() -> None:
    run(PROGRAM)


def test_another_thread_imports_scipy_itself_while_supervision_is_imported() -> None:
    run(AT_THE_SAME_TIME)
