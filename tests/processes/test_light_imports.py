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


def test_scipy_is_imported_only_by_what_needs_it() -> None:
    command = [sys.executable, "-c", PROGRAM]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stderr
