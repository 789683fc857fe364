"""Conversion of results JSON to tables, cube and archive, compared with a common approach and with parsing alone.

Each way runs in a fresh process, interleaved with the others, and is timed without its imports. `bare` reads the file
from disk and writes tables and cube to disk. `archived` also compresses the original with zstd, as the dashboard does
for large results. `orjson` is only `orjson.loads` of bytes in memory. `naive` is `json`, `Detections.from_inference`
for each frame and one pandas table in memory.

ingest_…_vs_X                  time of X over that of `bare` (in `ingest_…_archived_vs_X`: of `archived`), above 1 if
                               `bare` (`archived`) is faster
ingest_…_growth_mb             growth of the peak resident memory, in MiB
archive_size_vs_gzip           size of the compressed original over that of gzip at level 1
raw_entry_8h_ms                median time to read a random entry of the original
health_p95_ms_during_ingest    95th percentile of the dashboard's response time while another process ingests
"""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.dashboard import ROOT, health_ms, running_dashboard
from benchmarks.generate import write_results

ROUNDS = 3
_RAW_ENTRIES = 20


def figures() -> Iterator[tuple[str, float]]:
    """Print the measurements; yield ratios, mebibytes and milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        hour, day, outlines = (Path(folder) / name for name in ("1h.json", "8h.json", "outlines.json"))
        write_results(hour, hours=1)
        short = compare(hour, ("naive", "orjson", "bare", "archived"))
        yield "ingest_1h_vs_naive", short["naive"] / short["bare"]
        yield "ingest_1h_archived_vs_naive", short["naive"] / short["archived"]
        yield "ingest_1h_vs_orjson_loads", short["orjson"] / short["bare"]
        yield "archive_size_vs_gzip", archive_size_vs_gzip(hour)
        write_results(day, hours=8)
        long = compare(day, ("orjson", "bare", "archived"))
        yield "ingest_8h_vs_orjson_loads", long["orjson"] / long["bare"]
        yield "ingest_8h_archived_vs_orjson_loads", long["orjson"] / long["archived"]
        yield "ingest_8h_archived_vs_bare", long["bare"] / long["archived"]
        yield "ingest_8h_growth_mb", long["bare growth"]
        yield "ingest_8h_archived_growth_mb", long["archived growth"]
        yield "raw_entry_8h_ms", raw_entry_ms(day)
        yield "health_p95_ms_during_ingest", health_p95_ms(day)
        write_results(outlines, hours=1, points=32)
        polygons = compare(outlines, ("orjson", "bare"))
        yield "ingest_polygons_vs_orjson_loads", polygons["orjson"] / polygons["bare"]
        yield "ingest_polygons_growth_mb", polygons["bare growth"]


def compare(path: Path, ways: tuple[str, ...]) -> dict[str, float]:
    """For each way its median seconds and, as `WAY growth`, the median growth of its peak memory in MiB."""
    runs: dict[str, list[list[float]]] = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way in ways:
            command = [sys.executable, "-m", "benchmarks.ingest", way, str(path)]
            runs[way].append(json.loads(subprocess.check_output(command, cwd=ROOT)))
    medians = {}
    for way, measured in runs.items():
        medians[way], medians[f"{way} growth"] = (median(column) for column in zip(*measured, strict=True))
        print(f"{path.stem:9} {way:15} {medians[way]:7.2f} s   {medians[f'{way} growth']:6.0f} MiB")
    return medians


def archive_size_vs_gzip(path: Path) -> float:
    """Size of the compressed original relative to gzip at level 1."""
    from frametally.results.original import compress_original, find_original

    with tempfile.TemporaryDirectory() as folder:
        compress_original(path, Path(folder))
        original = find_original(Path(folder))
        assert original is not None
        return original.stat().st_size / len(gzip.compress(path.read_bytes(), 1))


def raw_entry_ms(path: Path) -> float:
    """Median time to read a random entry of the original, in a warm process with the index on disk."""
    from frametally.results import archive_results, open_results

    with tempfile.TemporaryDirectory() as folder:
        archive_results(path, Path(folder) / "job")
        results = open_results(Path(folder) / "job")
        results.raw_entry(0)
        chosen = random.Random(7).sample(range(len(results.time_s)), _RAW_ENTRIES)
        times_ms = [1000 * _seconds(partial(results.raw_entry, entry)) for entry in chosen]
    print(f"raw entry {_RAW_ENTRIES} random ones, median {median(times_ms):.1f} ms, slowest {max(times_ms):.1f} ms")
    return median(times_ms)


def health_p95_ms(path: Path) -> float:
    """95th percentile of the response time of the dashboard's health route while a subprocess ingests the file."""
    from frametally.results.reading.process import MAX_BYTES

    with tempfile.TemporaryDirectory() as folder, running_dashboard(Path(folder) / "data") as url:
        command = [sys.executable, "-m", "frametally.results", str(path), f"{folder}/job", str(MAX_BYTES)]
        times_ms = []
        with subprocess.Popen(command, cwd=ROOT) as ingesting:
            while ingesting.poll() is None:
                times_ms.append(health_ms(url))
                time.sleep(0.02)
        assert ingesting.returncode == 0, "the file was not ingested"
    p95_ms = sorted(times_ms)[int(0.95 * (len(times_ms) - 1))]
    print(f"health    {len(times_ms)} calls, median {median(times_ms):.1f} ms, p95 {p95_ms:.1f} ms")
    return p95_ms


def _naive(path: Path) -> Callable[[], Any]:
    import pandas as pd
    import supervision as sv

    def work() -> pd.DataFrame:
        content = json.loads(path.read_bytes())
        tables = []
        for number, entry in enumerate(content["model"]):
            if entry is None:
                continue
            detections = sv.Detections.from_inference(entry)
            sides = dict(zip(("x_min", "y_min", "x_max", "y_max"), detections.xyxy.T, strict=True))
            names = detections.data.get("class_name", [])
            tables.append(pd.DataFrame({"entry": number, "class": names, "confidence": detections.confidence, **sides}))
        return pd.concat(tables)

    return work


def _orjson(path: Path) -> Callable[[], Any]:
    import orjson

    data = path.read_bytes()
    return lambda: orjson.loads(data)


def _bare(path: Path) -> Callable[[], Any]:
    from frametally.results.ingest import write_tables

    return lambda: _in_folder(lambda folder: write_tables(path, folder))


def _archived(path: Path) -> Callable[[], Any]:
    from frametally.results import archive_results
    from frametally.results.__main__ import SWITCH_INTERVAL_S

    sys.setswitchinterval(SWITCH_INTERVAL_S)  # as in the process that archives large results
    return lambda: _in_folder(lambda folder: archive_results(path, folder / "job"))


def _in_folder(work: Callable[[Path], None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        work(Path(folder))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _measure(way: str, path: Path) -> list[float]:
    """[seconds, growth of the peak memory in MiB] of one run in this process."""
    work = {"naive": _naive, "orjson": _orjson, "bare": _bare, "archived": _archived}[way](path)
    before_mb = _peak_mb()
    took_s = _seconds(work)
    return [took_s, _peak_mb() - before_mb]


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(_measure(sys.argv[1], Path(sys.argv[2]))))
    else:
        for figure, value in figures():
            print(f"figure {figure} {value:.3f}")
