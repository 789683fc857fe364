"""Results of earlier versions are placed on the frames of the video by their times."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from frametally.analysis.placement import place_results
from frametally.contract import INDEX_VERSION
from frametally.results import Results, archive_results, open_results
from frametally.results.rebuild import rebuild
from frametally.video.frame_index import build_index
from tests.support.frame_streams import decoded, joined


def archive(folder: Path, frame_offset: list[int], time_offset: list[float], version: int | None = None) -> Path:
    """Archived results, as written by a version with this index; None for this one."""
    content = {"frame_offset": frame_offset, "time_offset": time_offset, "m": [None] * len(frame_offset)}
    (folder / "results.json").write_text(json.dumps(content))
    archive_results(folder / "results.json", folder / "results")
    if version is not None:
        manifest = json.loads((folder / "results" / "notes.json").read_bytes())
        manifest["index_version"] = version
        (folder / "results" / "notes.json").write_bytes(msgspec.json.encode(manifest))
    return folder / "results"


def opened(results: Results, path: Path) -> list[int]:
    return [int(position) for position in place_results(results, build_index(path), None).frame_index]


def test_results_of_an_earlier_index_are_found_by_time(remuxed_videos: Path, tmp_path: Path) -> None:
    """The first frames of this file have no time: version 1 did not count them, so its frame 0 is a later one now."""
    path = remuxed_videos / "negative.mkv"
    index = build_index(path)
    first = index.origins[0]
    before = int(np.searchsorted(index.pts, first))
    assert before > 0
    times_s = [float((index.pts[before + at] - first) * index.time_base) for at in (0, 5, 20)]
    folder = archive(tmp_path, [0, 5, 20], times_s, version=1)
    assert opened(open_results(folder), path) == [before, before + 5, before + 20]
    assert len(decoded(path)) == len(index)


def test_results_of_this_index_are_found_by_number(remuxed_videos: Path, tmp_path: Path) -> None:
    folder = archive(tmp_path, [0, 5, 20], [0.0, 0.5, 2.0])
    assert open_results(folder).manifest.index_version == INDEX_VERSION
    assert opened(open_results(folder), remuxed_videos / "negative.mkv") == [0, 5, 20]


def test_a_rebuilt_archive_keeps_its_version(tmp_path: Path) -> None:
    folder = archive(tmp_path, [0, 5], [0.0, 0.5], version=1)
    manifest = json.loads((folder / "notes.json").read_bytes())
    (folder / "notes.json").write_bytes(msgspec.json.encode({**manifest, "version": 1}))
    rebuild(folder)
    assert open_results(folder).manifest.index_version == 1


def test_the_first_of_joined_recordings_keeps_its_places(tmp_path: Path) -> None:
    path = joined(tmp_path)
    folder = archive(tmp_path, [0, 10, 29], [0.0, 1.0, 2.9], version=1)
    assert opened(open_results(folder), path) == [0, 10, 29]


def test_damage_of_the_video_and_of_the_service_is_marked(small_video: Path, tmp_path: Path) -> None:
    results = open_results(archive(tmp_path, [0, 5, 20, 60], [0.0, 0.5, 2.0, 6.0]))
    results = replace(results, damaged=np.array([True, False, False, False]))
    damaged = np.zeros(40, dtype=np.bool_)
    damaged[[5, 6]] = True
    assert place_results(results, build_index(small_video), damaged).damaged.tolist() == [True, True, False, False]
