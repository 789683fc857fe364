"""The sample from its video to the crossings of its line, by commands."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from frametally.cli.exit_code import ExitCode
from frametally.cli.main import main
from frametally.regions.shapes import Line, RegionSet

DEMO = Path(__file__).parents[2] / "demo"
TRUTH = json.loads((DEMO / "sample/parcels.truth.json").read_text())


def counted(results: Path, folder: Path) -> dict[tuple[str, str], int]:
    """Crossings of the line of the truth, by class and direction."""
    size = np.array([TRUTH["width"], TRUTH["height"]])
    start, end = ((np.array(TRUTH["line"][name]) / size).tolist() for name in ("start", "end"))
    line = Line(id="l1", name="Line", start=(start[0], start[1]), end=(end[0], end[1]), anchor="center")
    regions = RegionSet(camera="belts", size=(TRUTH["width"], TRUTH["height"]), lines=(line,))
    (folder / "regions.json").write_bytes(regions.to_json())
    command = ["events", str(results), "--regions", str(folder / "regions.json"), "--out", str(folder / "e.parquet")]
    assert main([*command, "--video", str(DEMO / "sample/parcels.mp4")]) == ExitCode.OK
    table = pq.read_table(folder / "e.parquet")
    pairs = list(zip(table["class"].to_pylist(), table["kind"].to_pylist(), strict=True))
    return {pair: pairs.count(pair) for pair in set(pairs)}


@pytest.mark.soak
def test_the_demo_model_counts_the_crossings_within_5_percent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(tmp_path / "data"))
    shutil.copytree(DEMO / "models/parcels/2", tmp_path / "data/models/parcels/2")
    results = tmp_path / "results.json"
    command = ["run", str(DEMO / "sample/parcels.mp4"), "--model", "parcels/2", "--fps", "10", "--out", str(results)]
    assert main([*command, "--confidence", "0.05"]) == ExitCode.OK
    found = counted(results, tmp_path)
    expected = {
        (name, way): ways[side]
        for name, ways in TRUTH["crossings"].items()
        for way, side in (("in", "right"), ("out", "left"))
    }
    assert found.keys() == expected.keys()
    wrong = sum(abs(found[key] - expected[key]) for key in expected)
    print(f"{sum(found.values())} crossings of {sum(expected.values())}, {wrong} of them wrong")
    assert wrong <= 0.05 * sum(expected.values())
