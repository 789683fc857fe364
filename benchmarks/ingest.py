"""Results JSON to tables and cube, against what people do and against parsing alone.

Each way runs in a process of its own, in turn with the others, and times itself from after its imports: ours from the
file on the disk to Parquet and cube on the disk; orjson only its `loads`, of bytes already read; the naive way `json`,
`Detections.from_inference` for each frame and one pandas table in memory. `with gzip` is the whole archive, as the
dashboard makes it: the original is packed in a thread beside. Growth is that of the peak memory, imports not counted.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.dashboard import ROOT, health_ms, running_dashboard
from benchmarks.generate import write_results

ROUNDS = 3


def figures() -> Iterator[tuple[str, float]]:
    """Print what was measured; yield ratios, megabytes and milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        hour, day, outlines = (Path(folder) / name for name in ("1h.json", "8h.json", "outlines.json"))
        write_results(hour, hours=1)
        short = compare(hour, ("naive", "orjson", "ours", "ours_with_gzip"))
        yield "ingest_1h_vs_naive", short["naive"] / short["ours"]
        yield "ingest_1h_vs_orjson_loads", short["orjson"] / short["ours"]
        write_results(day, hours=8)
        long = compare(day, ("orjson", "ours", "ours_with_gzip"))
        yield "ingest_8h_vs_orjson_loads", long["orjson"] / long["ours"]
        yield "ingest_8h_with_gzip_vs_orjson_loads", long["orjson"] / long["ours_with_gzip"]
        yield "ingest_8h_growth_mb", long["ours growth"]
        yield "health_p95_ms_during_ingest", health_p95_ms(day)
        write_results(outlines, hours=1, points=32)
        polygons = compare(outlines, ("orjson", "ours"))
        yield "ingest_polygons_vs_orjson_loads", polygons["orjson"] / polygons["ours"]
        yield "ingest_polygons_growth_mb", polygons["ours growth"]


def compare(path: Path, ways: tuple[str, ...]) -> dict[str, float]:
    """Median seconds of each way, and megabytes of each way's growth."""
    runs: dict[str, list[list[float]]] = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way in ways:
            command = [sys.executable, "-m", "benchmarks.ingest", way, str(path)]
            runs[way].append(json.loads(subprocess.check_output(command, cwd=ROOT)))
    found = {}
    for way, measured in runs.items():
        found[way], found[f"{way} growth"] = (median(column) for column in zip(*measured, strict=True))
        print(f"{path.stem:9} {way:15} {found[way]:7.2f} s   {found[f'{way} growth']:6.0f} MB")
    return found


def health_p95_ms(path: Path) -> float:
    """How long the dashboard's health route takes while a process beside it ingests the file."""
    with tempfile.TemporaryDirectory() as folder, running_dashboard(Path(folder) / "data") as url:
        command = [sys.executable, "-m", "frametally.results", str(path), f"{folder}/job"]
        took_ms = []
        with subprocess.Popen(command, cwd=ROOT) as ingesting:
            while ingesting.poll() is None:
                took_ms.append(health_ms(url))
                time.sleep(0.02)
    late = sorted(took_ms)[int(0.95 * (len(took_ms) - 1))]
    print(f"health    {len(took_ms)} calls, median {median(took_ms):.1f} ms, p95 {late:.1f} ms")
    return late


def _naive(path: Path) -> Callable[[], Any]:
    import pandas as pd
    import supervision as sv

    def work() -> pd.DataFrame:
        content = json.loads(path.read_bytes())
        tables = []
        for at, entry in enumerate(content["model"]):
            if entry is None:
                continue
            found = sv.Detections.from_inference(entry)
            sides = dict(zip(("x_min", "y_min", "x_max", "y_max"), found.xyxy.T, strict=True))
            names = found.data.get("class_name", [])
            tables.append(pd.DataFrame({"entry": at, "class": names, "confidence": found.confidence, **sides}))
        return pd.concat(tables)

    return work


def _orjson(path: Path) -> Callable[[], Any]:
    import orjson

    data = path.read_bytes()
    return lambda: orjson.loads(data)


def _ours(path: Path) -> Callable[[], Any]:
    from frametally.results.ingest import write_tables

    return lambda: _in_folder(lambda folder: write_tables(path, folder))


def _ours_with_gzip(path: Path) -> Callable[[], Any]:
    from frametally.results import archive_results

    return lambda: _in_folder(lambda folder: archive_results(path, folder / "job"))


def _in_folder(work: Callable[[Path], None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        work(Path(folder))


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _measure(way: str, path: Path) -> list[float]:
    """[seconds, megabytes of growth] of one run in this process."""
    work = {"naive": _naive, "orjson": _orjson, "ours": _ours, "ours_with_gzip": _ours_with_gzip}[way](path)
    before_mb, start = _peak_mb(), time.perf_counter()
    work()
    return [time.perf_counter() - start, _peak_mb() - before_mb]


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(_measure(sys.argv[1], Path(sys.argv[2]))))
    else:
        for figure, value in figures():
            print(f"figure {figure} {value:.3f}")
