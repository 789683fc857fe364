"""Time to apply a changed confidence threshold to 30 million boxes: counts for the chart and all totals.

threshold_30m_ms           for a multiple of 0.01, as set by the slider: read from the cube
between_hundredths_30m_ms  for any other threshold: counted from the boxes
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.generate import CLASSES, FPS
from frametally.analysis.counts import count
from frametally.analysis.totals import totals
from frametally.analysis.view import View
from frametally.results import Kind, Results, open_results
from frametally.results.cube import CubeBuilder, write_cube
from frametally.results.manifest import FRAMES_NAME, Manifest, ModelManifest, write_manifest
from frametally.results.tables import TableWriter, column

BOXES = 30_000_000
BOXES_PER_ENTRY = 20
_BLOCK = 200_000


def figures() -> Iterator[tuple[str, float]]:
    """Print the measurements; yield milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        write_archive(Path(folder))
        results = open_results(Path(folder))
        threshold_ms(results, 0.5)  # opens the cube
        on_step = [threshold_ms(results, step / 100) for step in range(5, 96)]
        between = [threshold_ms(results, 0.305 + at / 10) for at in range(3)]
    print(f"threshold over {BOXES:,} boxes: median {median(on_step):.2f} ms, worst {max(on_step):.2f} ms")
    yield "threshold_30m_ms", median(on_step)
    yield "between_hundredths_30m_ms", median(between)


def write_archive(folder: Path) -> None:
    """Write an archive of `BOXES` boxes, without the original JSON, which would take 5 GB."""
    random = np.random.default_rng(3)
    entries = BOXES // BOXES_PER_ENTRY
    cube = CubeBuilder()
    with TableWriter(folder) as tables:
        for first in range(0, BOXES, _BLOCK):
            entry = (np.arange(first, first + _BLOCK) // BOXES_PER_ENTRY).astype(np.int32)
            code = random.integers(0, len(CLASSES), _BLOCK, dtype=np.int32)
            confidence = random.random(_BLOCK)
            coordinate = column(np.zeros(_BLOCK, dtype=np.float32))
            int_columns = [np.zeros(_BLOCK, dtype=np.int32), entry, code, code]
            numbers = [*map(column, int_columns), column(confidence), *[coordinate] * 4]
            tables.write("boxes", [*numbers, pa.nulls(_BLOCK, pa.string())])
            cube.add(entry, code, confidence)
        tables.end_model()
    finished_cube = cube.finish(list(range(len(CLASSES))), entries)
    if finished_cube is not None:
        write_cube(finished_cube, folder, 0)
    _write_frames(folder, entries)
    model = ModelManifest(name="model", number=0, kind=Kind.DETECTION, classes=sorted(CLASSES))
    write_manifest(folder, Manifest(models=[model]))


def threshold_ms(results: Results, confidence: float) -> float:
    """Milliseconds for the counts and totals at a confidence threshold."""
    start, view = time.perf_counter(), View(results, "model", confidence)
    count(view)
    totals(view)
    return (time.perf_counter() - start) * 1000


def _write_frames(folder: Path, entries: int) -> None:
    at = np.arange(entries)
    size = column(np.full(entries, 640, dtype=np.float32))
    columns = {"frame_index": column(at * 6), "time_s": column(at / FPS), "analysed_0": pa.array(at % 50 > 0)}
    pq.write_table(pa.table({**columns, "width_px_0": size, "height_px_0": size}), folder / FRAMES_NAME)


if __name__ == "__main__":
    for figure, value in figures():
        print(f"figure {figure} {value:.3f}")
