"""Exported events, read back."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.view import View
from frametally.exports.region_events import write_events_csv, write_events_parquet
from frametally.regions.events import SCHEMA
from frametally.regions.shapes import Line, RegionSet, Zone
from tests.support.opened_results import box, entry, opened
from tests.support.track_rows import tracks_of, walking

SET = RegionSet(
    camera="c",
    size=(1000, 500),
    lines=(Line(id="l1", name="=Gate", start=(0.3, 1), end=(0.3, 0), hysteresis_px=0),),
    zones=(Zone(id="z2", name="Dock", points=((0.4, 0), (0.6, 0), (0.6, 1), (0.4, 1)), bridged_gap_s=0),),
)


def test_events_are_written_with_frames_times_and_safe_texts(tmp_path: Path) -> None:
    results = opened(tmp_path, cars=[entry(box("car"))] * 4)
    tracks = tracks_of({1: walking([(x, 250.0) for x in (250, 350, 500, 700)])}, np.arange(4) / 5, classes={1: "car"})
    view = View(results, "cars", classes=ClassMapping(renames=(("car", "vehicle"),)))
    write_events_parquet(view, tracks, SET, tmp_path / "events.parquet")
    table = pq.read_table(tmp_path / "events.parquet")
    assert table.schema.equals(SCHEMA)
    rows = table.select(["frame", "class", "region", "kind"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        (6, "vehicle", "=Gate", "in"),
        (12, "vehicle", "Dock", "enter"),
        (18, "vehicle", "Dock", "exit"),
    ]
    assert table["dwell_s"].to_pylist()[:2] == [None, None]
    write_events_csv(view, tracks, SET, tmp_path / "events.csv")
    with (tmp_path / "events.csv").open(encoding="utf-8-sig") as file:
        written = list(csv.DictReader(file))
    assert [(row["frame"], row["region"], row["dwell_s"]) for row in written] == [
        ("6", "'=Gate", ""),
        ("12", "Dock", ""),
        ("18", "Dock", written[2]["dwell_s"]),
    ]
    assert round(float(written[2]["dwell_s"]), 3) == 0.2
