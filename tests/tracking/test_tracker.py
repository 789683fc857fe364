"""Tracks of small results: which boxes are joined, their class, ids and order."""

from __future__ import annotations

import math
import random
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frametally.analysis.view import View
from frametally.results import Results
from frametally.tracking.joining.joiner import Joiner
from frametally.tracking.joining.looks import Looks
from frametally.tracking.kept import kept_tracks
from frametally.tracking.settings import TrackerSettings
from frametally.tracking.tracker import track
from frametally.tracking.tracks import Tracks, filtered
from tests.support.opened_results import Entry, box, entry, opened

LOOKS = 20


def moving(name: str, at: int, *, x: float = 60, step: float = 8, y: float = 100, confidence: float = 0.9) -> Any:
    return box(name, confidence, (x + step * at, y, 40, 30))


def one(**changes: Any) -> list[Entry]:
    return [entry(moving("car", at, **changes)) for at in range(LOOKS)]


def same(first: Tracks, second: Tracks) -> bool:
    return all(np.array_equal(getattr(first, field.name), getattr(second, field.name)) for field in fields(Tracks))


def test_one_object_is_one_track_with_its_times_and_boxes(tmp_path: Path) -> None:
    tracks = track(opened(tmp_path, m=one()), "m")
    assert tracks.track_id.tolist() == [1] * LOOKS
    assert tracks.entry.tolist() == list(range(LOOKS))
    assert tracks.time_s.tolist() == pytest.approx([at / 5 for at in range(LOOKS)])
    assert tracks.xyxy[0].tolist() == [40, 85, 80, 115]
    assert (tracks.size_px, tracks.classes, tracks.class_share.tolist()) == ((640, 360), ("car",), [1.0])


def test_boxes_of_pictures_of_other_sizes_refer_to_the_first_size(tmp_path: Path) -> None:
    whole: list[Entry] = [entry(moving("car", at)) for at in range(LOOKS)]
    halves = [entry(box("car", 0.9, (30 + 4 * at, 25, 20, 7.5)), wh=(320, 90)) for at in range(LOOKS // 2, LOOKS)]
    results = opened(tmp_path, m=whole[: LOOKS // 2] + halves)
    tracks, plain = kept_tracks(results, "m"), track(opened(tmp_path, m=whole), "m")
    at = np.argsort(tracks.entry)
    assert (tracks.size_px, tracks.xyxy[at].tolist()) == ((640, 360), plain.xyxy.tolist())
    assert same(tracks, kept_tracks(results, "m"))


def test_ids_are_in_the_order_of_first_sight_then_class_then_left_side(tmp_path: Path) -> None:
    entries = [
        entry(
            *([moving("car", at, y=300)] if at >= 3 else []),
            moving("car", at, x=160, y=40),
            moving("car", at, x=80, y=120),
            moving("bus", at, x=240, y=210),
        )
        for at in range(LOOKS)
    ]
    tracks = track(opened(tmp_path, m=entries), "m")
    first = [(tracks.classes[tracks.class_code[at]], tracks.xyxy[at, 1]) for at in first_rows(tracks)]
    assert first == [("bus", 195), ("car", 105), ("car", 25), ("car", 285)]


def first_rows(tracks: Tracks) -> list[int]:
    return list(np.unique(tracks.track_id, return_index=True)[1].tolist())


def test_an_object_that_is_missed_for_less_than_the_buffer_keeps_its_id(tmp_path: Path) -> None:
    entries = one()
    entries[8:12] = [entry()] * 4
    results = opened(tmp_path, m=entries)
    assert set(track(results, "m").track_id) == {1}
    assert set(track(results, "m", TrackerSettings(buffer_s=0.5)).track_id) == {1, 2}


def test_frames_that_were_not_analyzed_are_time_that_passes_and_no_looks(tmp_path: Path) -> None:
    entries = one()
    entries[8:12] = [None] * 4
    tracks = track(opened(tmp_path, m=entries), "m")
    assert set(tracks.track_id) == {1}
    assert tracks.analyzed_entry.tolist() == [*range(8), *range(12, LOOKS)]


def test_tracks_end_at_a_long_stretch_without_looks_and_not_at_a_low_rate(tmp_path: Path) -> None:
    entries: list[Entry] = [entry(box("car", 0.9, (60, 60, 40, 30))) for _ in range(40)]
    assert set(track(opened(tmp_path, m=entries, fps=0.1), "m").track_id) == {1}
    entries[10:30] = [None] * 20
    assert set(track(opened(tmp_path, m=entries), "m").track_id) == {1, 2}


@pytest.mark.parametrize("size", [(-40, 30), (40, -30), (-40, -30), (0, 0), (1e30, 30)])
def test_boxes_of_impossible_sizes_disturb_no_track(tmp_path: Path, size: tuple[float, float]) -> None:
    entries = [entry(moving("car", at), box("car", 0.9, (60 + 8 * at, 100, *size))) for at in range(LOOKS)]
    tracks = track(opened(tmp_path, m=entries), "m")
    assert (tracks.xyxy[tracks.box == 0][:, 1] == 85).all()
    assert len({*tracks.track_id[tracks.box == 0]}) == 1


def test_boxes_without_finite_numbers_are_in_no_track(tmp_path: Path) -> None:
    results = opened(tmp_path, m=one())
    boxes = results.boxes("m")
    xyxy, confidence = boxes.xyxy.copy(), boxes.confidence.copy()
    xyxy[3, 0], xyxy[7, 2], confidence[9] = np.nan, np.inf, np.nan
    boxes = replace(boxes, xyxy=xyxy, confidence=confidence)
    parts, joiner = Looks(boxes, np.arange(LOOKS), results.time_s, 0.35), Joiner(TrackerSettings())
    for part in parts:
        joiner.join(part)
    assert parts.numbers.tolist() == [-1 if at in {3, 7, 9} else 0 for at in range(LOOKS)]


def test_a_weak_box_continues_a_track_and_starts_none(tmp_path: Path) -> None:
    entries = [entry(moving("car", at, confidence=0.1 if at % 3 else 0.9)) for at in range(LOOKS)]
    assert track(opened(tmp_path, m=entries), "m").track_id.tolist() == [1] * LOOKS
    assert len(track(opened(tmp_path, m=one(confidence=0.3)), "m")) == 0


def test_single_boxes_and_tracks_that_are_too_short_do_not_count(tmp_path: Path) -> None:
    entries = [entry(box("car", 0.9, (50 + 110 * at, 60, 20, 20))) for at in range(5)]
    assert len(track(opened(tmp_path, m=entries), "m")) == 0
    results = opened(tmp_path, m=one())
    assert len(track(results, "m", TrackerSettings(min_length_s=(LOOKS - 1) / 5))) == LOOKS
    assert len(track(results, "m", TrackerSettings(min_length_s=LOOKS / 5))) == 0


def test_a_track_has_the_class_of_most_confidence_and_says_its_share(tmp_path: Path) -> None:
    names = ["truck" if at in {4, 9} else "car" for at in range(10)]
    entries = [entry(moving(name, at, confidence=0.5 if name == "truck" else 0.75)) for at, name in enumerate(names)]
    tracks = track(opened(tmp_path, m=entries), "m")
    assert {tracks.classes[code] for code in tracks.class_code} == {"car"}
    assert tracks.class_share.tolist() == pytest.approx([6 / 7])


def test_objects_of_two_classes_that_pass_through_each_other_keep_their_ids(tmp_path: Path) -> None:
    entries = [entry(moving("car", at, x=60, step=20), moving("dog", at, x=440, step=-20)) for at in range(LOOKS)]
    tracks = track(opened(tmp_path, m=entries), "m")
    assert len(first_rows(tracks)) == 2
    assert tracks.class_share.tolist() == [1, 1]
    for number in (1, 2):
        x = tracks.xyxy[tracks.track_id == number, 0]
        assert len(x) == LOOKS
        assert abs(x[-1] - x[0]) == 20 * (LOOKS - 1)


def test_tracker_ids_of_the_results_are_taken_as_they_are(tmp_path: Path) -> None:
    entries = [
        entry(
            moving("car", at) | {"tracker_id": 7 if at < 4 else 3},
            moving("car", at, y=250),
            *([moving("car", at, confidence=0.5) | {"tracker_id": 7}] if at == 2 else []),
        )
        for at in range(8)
    ]
    tracks = track(opened(tmp_path, m=entries), "m", TrackerSettings(min_length_s=9))
    assert tracks.track_id.tolist() == [1] * 4 + [2] * 4
    assert tracks.entry.tolist() == list(range(8))
    assert set(tracks.confidence) == {0.9}
    assert set(tracks.xyxy[:, 1]) == {85}


@pytest.mark.parametrize("missing", [{"x": math.nan}, {"confidence": math.nan}])
def test_boxes_with_an_id_and_without_finite_numbers_are_in_no_track(tmp_path: Path, missing: dict[str, float]) -> None:
    entries = [entry(moving("car", at) | {"tracker_id": 7} | (missing if at == 4 else {})) for at in range(8)]
    tracks = track(opened(tmp_path, m=entries), "m")
    assert tracks.entry.tolist() == [0, 1, 2, 3, 5, 6, 7]
    assert np.isfinite(tracks.xyxy).all()
    assert tracks.class_share.tolist() == [1.0]


def crowd(seed: int) -> list[Entry]:
    chance = random.Random(seed)
    starts = [
        (chance.choice("abc"), chance.uniform(0, 400), chance.uniform(20, 340), chance.uniform(-9, 9)) for _ in range(9)
    ]
    return [
        entry(
            *(
                box(name, chance.uniform(0.2, 1), (x + step * at + chance.gauss(0, 1), y, 40, 30))
                for name, x, y, step in starts
                if chance.random() > 0.1
            )
        )
        for at in range(40)
    ]


def test_the_same_results_give_the_same_tracks_whatever_else_is_tracked(tmp_path: Path) -> None:
    first, second = (opened(tmp_path, m=crowd(seed)) for seed in (1, 2))
    alone = numbers(first), numbers(second)
    joiners = [(Joiner(TrackerSettings()), looks(results)) for results in (first, second)]
    for parts in zip(*(parts for _, parts in joiners), strict=True):
        for (joiner, _), part in zip(joiners, parts, strict=True):
            joiner.join(part)
    assert tuple(parts.numbers.tolist() for _, parts in joiners) == alone
    assert same(track(first, "m"), track(first, "m"))


def looks(results: Results) -> Looks:
    boxes = results.boxes("m")
    return Looks(boxes, np.arange(len(results.time_s)), results.time_s, 0.35)


def numbers(results: Results) -> Any:
    joiner, parts = Joiner(TrackerSettings()), looks(results)
    for part in parts:
        joiner.join(part)
    return parts.numbers.tolist()


@pytest.mark.parametrize("seed", range(3))
def test_boxes_are_in_at_most_one_track_and_tracks_have_at_most_one_box_a_frame(tmp_path: Path, seed: int) -> None:
    results = opened(tmp_path, m=crowd(seed))
    tracks, boxes = track(results, "m"), results.boxes("m")
    assert len({(a, b) for a, b in zip(tracks.entry, tracks.box, strict=True)}) == len(tracks)
    assert len({(a, b) for a, b in zip(tracks.track_id, tracks.entry, strict=True)}) == len(tracks)
    assert first_rows(tracks) == np.flatnonzero(np.diff(tracks.track_id, prepend=0)).tolist()
    place = np.searchsorted(boxes.entry, tracks.entry) + tracks.box
    assert np.array_equal(boxes.xyxy[place], tracks.xyxy)
    assert np.array_equal(boxes.confidence[place], tracks.confidence)


def test_the_view_filters_rows_and_ends_no_track(tmp_path: Path) -> None:
    entries = [entry(moving("car", at, confidence=0.1 if at % 3 else 0.9)) for at in range(LOOKS)]
    results = opened(tmp_path, m=entries)
    tracks = track(results, "m")
    shown = filtered(tracks, View(results, "m", confidence=0.5, time_range_s=(0.5, 3.0)))
    assert shown.entry.tolist() == [3, 6, 9, 12, 15]
    assert set(shown.track_id) == {1}
    assert shown.analyzed_time_s[[0, -1]].tolist() == [0.6, 3.0]


def test_results_without_boxes_have_no_tracks(tmp_path: Path) -> None:
    empty = track(opened(tmp_path, m=[entry(), None, entry()]), "m")
    assert (len(empty), len(empty.class_share), empty.analyzed_entry.tolist()) == (0, 0, [0, 2])
    labels = {
        "time": 0.01,
        "image": {"width": 64, "height": 36},
        "top": "a",
        "confidence": 0.9,
        "predictions": [{"class": "a", "class_id": 0, "confidence": 0.9}],
    }
    assert len(track(opened(tmp_path, m=[labels]), "m")) == 0
