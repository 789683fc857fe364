"""Results in other spellings than the service's own read as the same numbers; what is left out is noted."""

from __future__ import annotations

import codecs
import gzip
import io
import json
import zipfile
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from frametally.errors import ResultsError
from frametally.results import Kind
from frametally.results.spellings import encodings
from frametally.results.spellings.notes import MAX_NOTES, OTHER, Issue, Notes
from tests.support.documents import archived, box, document, entry, random_document, read_back
from tests.support.soak import iterations

SPELLED_NAMES = ("class_name", "label", "name")


def spelled_box(random: Random, one: dict[str, Any], *, percent: bool) -> dict[str, Any]:
    """The box with other spellings of the same content."""
    spelled = dict(one)
    if random.random() < 0.5:
        spelled[random.choice(SPELLED_NAMES)] = spelled.pop("class")
    if percent:
        spelled["confidence"] = spelled["confidence"] * 100
    elif random.random() < 0.3:
        spelled["score"] = spelled.pop("confidence")
    elif random.random() < 0.3:
        spelled["confidence"] = str(spelled["confidence"])
    if spelled.get("class_id") is not None and random.random() < 0.5:
        spelled["class_id"] = random.choice([str, float])(spelled["class_id"])
    if spelled.get("points") and random.random() < 0.5:
        pairs = [[point["x"], point["y"]] for point in spelled.pop("points")]
        spelled[random.choice(["polygon", "mask", "segmentation", "points"])] = random.choice([pairs, [pairs]])
    return dict(random.sample(list(spelled.items()), len(spelled)))


def spelled_entry(random: Random, one: Any, *, percent: bool) -> Any:
    if not isinstance(one, dict) or not isinstance(one.get("predictions"), list):
        return one
    found = one["predictions"]
    if not all(isinstance(item, dict) and "x" in item for item in found):
        return one
    spelled = {**one, "predictions": [spelled_box(random, item, percent=percent) for item in found]}
    return {"predictions": spelled} if random.random() < 0.2 else spelled


def permuted(random: Random, content: dict[str, Any]) -> dict[str, Any]:
    """The document with the entries of all lists in another, common order."""
    count = len(next(value for key, value in content.items() if key.startswith("time_offset")))
    order = random.sample(range(count), count)
    return {
        key: [value[at] for at in order] if isinstance(value, list) and len(value) == count else value
        for key, value in content.items()
    }


def encoded(random: Random, text: str) -> bytes:
    plain = text.encode()
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("results.json", plain)
    utf_16 = text.encode("utf-16-le")
    forms = [plain, codecs.BOM_UTF8 + plain, gzip.compress(plain), zipped.getvalue()]
    return random.choice([*forms, text.encode("utf-16"), utf_16, gzip.compress(utf_16)])


def test_any_order_and_spelling_gives_the_numbers_of_the_canonical_file(tmp_path: Path) -> None:
    for seed in range(iterations(25)):
        random = Random(seed)
        content = random_document(random)
        expected = read_back(archived(tmp_path / f"{seed}-plain", content))
        mixed = {
            key: [spelled_entry(random, one, percent=False) for one in value] if isinstance(value, list) else value
            for key, value in permuted(random, content).items()
        }
        text = json.dumps(mixed)
        read = read_back(archived(tmp_path / f"{seed}-mixed", encoded(random, text)))
        assert read == expected, seed


def test_entries_out_of_order_are_sorted(tmp_path: Path) -> None:
    first, second = entry(box("cat")), entry(box("dog", 0.5), box("dog", 0.5))
    content = {"frame_offset": [4, 6, 0, 2], "time_offset": [0.4, 0.6, 0, 0.2], "cars": [first, None, second, entry()]}
    results = archived(tmp_path, content)
    assert (results.frame_index.tolist(), results.time_s.tolist()) == ([0, 2, 4, 6], [0, 0.2, 0.4, 0.6])
    assert results.boxes("cars").entry.tolist() == [0, 0, 2]
    assert results.models["cars"].analyzed.tolist() == [True, True, True, False]
    assert results.raw_entry(0) == {"frame_offset": 0, "time_offset": 0, "cars": second}
    assert results.notes == ["time_offset did not ascend, first at item 2 of the file; it was sorted."]


def test_a_repeated_frame_keeps_its_first_analyzed_entry_and_is_named(tmp_path: Path) -> None:
    content = {"frame_offset": [0, 2, 2, 4, 4], "time_offset": [0, 0.2, 0.2, 0.4, 0.4]}
    rows = [entry(box("a")), None, entry(box("b")), entry(box("c")), entry(box("d"), box("d"))]
    results = archived(tmp_path, {**content, "cars": rows})
    assert results.frame_index.tolist() == [0, 2, 4]
    assert results.models["cars"].classes == ("a", "b", "c")
    assert results.raw_entry(2)["cars"] == rows[3]
    (note,) = results.notes
    assert "2 repeated frames, first frame 2; the first analyzed entry of each is kept" in note


def test_a_frame_at_two_times_is_kept_twice(tmp_path: Path) -> None:
    content = {"frame_offset": [0, 0, 1], "time_offset": [0, 0.1, 0.2], "cars": [entry(box())] * 3}
    results = archived(tmp_path, content)
    assert (results.frame_index.tolist(), results.notes) == ([0, 0, 1], [])


def test_frames_at_the_same_time_are_sorted_by_frame(tmp_path: Path) -> None:
    content = {"frame_offset": [2, 1, 0], "time_offset": [0, 0, 0], "cars": [entry(box("a")), None, entry(box("b"))]}
    results = archived(tmp_path, content)
    assert results.frame_index.tolist() == [0, 1, 2]
    assert results.raw_entry(0)["cars"] == entry(box("b"))
    assert results.notes == ["frame_offset did not ascend, first at item 1 of the file; it was sorted."]


def test_percentages_of_any_document_give_the_same_shares(tmp_path: Path) -> None:
    random = Random(4)
    shares = [
        [random.choice([0, 0.01, 0.29, 0.57, 0.58, 0.9, 1]) for _ in range(random.randrange(4))] for _ in range(40)
    ]
    plain = archived(tmp_path / "plain", document(*(entry(*(box(confidence=one) for one in row)) for row in shares)))
    percent = [entry(*(box(confidence=round(100 * one)) for one in row)) for row in shares]
    assert read_back(archived(tmp_path / "percent", document(*percent))) == read_back(plain)


def test_frames_that_contradict_the_times_are_noted(tmp_path: Path) -> None:
    content = {"frame_offset": [0, 9, 3], "time_offset": [0, 0.1, 0.2], "cars": [None] * 3}
    assert "frame_offset contradicts time_offset" in archived(tmp_path, content).notes[0]


@pytest.mark.parametrize("value", ["cat", 1.5, [3], {"id": 3}, 10**12])
def test_a_class_id_that_is_no_number_is_ignored_and_noted(tmp_path: Path, value: object) -> None:
    results = archived(tmp_path, document(entry(box()), entry(box("cat", class_id=value), box("dog", class_id=2))))
    assert results.models["cars"].analyzed.all()
    assert results.boxes("cars").class_id.tolist() == [-1, -1, 2]
    assert results.notes == ["cars: class_id is not a whole number and is ignored (in frame 2 at 0.20 s)."]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"class": "car", "class_name": "car"}, "car"),
        ({"class": "7", "class_name": "car"}, "car"),
        ({"class": 7}, "7"),
        ({"class": None, "class_id": 7}, "7"),
        ({"class": None, "class_id": "car"}, "car"),
        ({"class": 7, "class_name": "car"}, "car"),
    ],
)
def test_the_name_of_a_class_is_read_where_it_is_certain(tmp_path: Path, names: dict[str, Any], expected: str) -> None:
    one = {**box(), **names}
    results = archived(tmp_path, document(entry({key: value for key, value in one.items() if value is not None})))
    assert results.models["cars"].classes == (expected,)


def test_confidences_in_percent_are_divided_by_100(tmp_path: Path) -> None:
    low = entry(box(confidence=0), box(confidence=1.5), box(confidence=1), box(confidence=None))
    results = archived(tmp_path, document(entry(box(confidence=90), box(confidence=57)), None, low))
    assert results.boxes("cars").confidence.tolist() == [0.9, 0.57, 0, 0.015, 0.01, 1]
    assert "cars: confidence is in percent in all frames and was divided by 100." in results.notes
    cube = results.cube("cars")
    assert cube is not None
    assert cube.counts[57].sum() == 3


@pytest.mark.parametrize("confidences", [(0.9, 90), (1.2, 3.2), (50, 101), (90, -1)])
def test_confidences_that_may_not_be_percentages_are_kept_and_noted(
    tmp_path: Path, confidences: tuple[float, ...]
) -> None:
    results = archived(tmp_path, document(*(entry(box(confidence=one)) for one in confidences)))
    assert results.boxes("cars").confidence.tolist() == list(confidences)
    assert "confidence is above 1" in results.notes[0]


def test_probabilities_in_percent_are_divided_by_100(tmp_path: Path) -> None:
    one = {"top": "a", "predictions": [{"class": "a", "confidence": 97.0}, {"class": "b", "confidence": 3.0}]}
    assert archived(tmp_path, document(one, one)).scores("cars").tolist() == [[0.97, 0.03]] * 2


def test_a_missing_confidence_is_noted(tmp_path: Path) -> None:
    results = archived(tmp_path, document(entry(box()), entry(box(confidence=None))))
    assert results.boxes("cars").confidence.tolist() == [0.9, 1]
    assert results.notes == ["cars: confidence is missing and counts as 1 (in frame 2 at 0.20 s)."]


def test_a_keypoint_without_a_place_is_missing(tmp_path: Path) -> None:
    points = [{"x": None, "y": None, "class": "nose", "class_id": 0}, {"x": 1, "y": 2, "class": "eye", "class_id": "1"}]
    keypoints = archived(tmp_path, document(entry(box(keypoints=points)))).keypoints("cars", 0)
    assert np.nan_to_num(keypoints, nan=-1).tolist() == [[[-1, -1, -1], [1, 2, -1]]]


@pytest.mark.parametrize("image", ["frame.jpg", [320, 240], {"path": "x"}])
def test_an_image_without_a_size_is_noted(tmp_path: Path, image: object) -> None:
    results = archived(tmp_path, document({"image": image, "predictions": [box(class_id="cat")]}, entry(box())))
    assert results.models["cars"].analyzed.all()
    assert np.isnan(results.models["cars"].image_wh[0]).all()
    assert "cars: image has no width and height in pixels (in frame 0 at 0.00 s)." in results.notes


def test_a_text_in_percent_and_a_score_are_confidences(tmp_path: Path) -> None:
    bare = {key: value for key, value in box().items() if key != "confidence"}
    results = archived(
        tmp_path, document(entry({**bare, "confidence": "90 %"}, {**bare, "score": 0.25}, {**bare, "conf": 0.5}))
    )
    assert results.boxes("cars").confidence.tolist() == [0.9, 0.25, 0.5]
    assert results.notes == []


@pytest.mark.parametrize("value", [None, "wide", float("nan"), float("inf"), [3], 1e300])
def test_a_box_without_a_finite_place_is_counted_and_noted(tmp_path: Path, value: object) -> None:
    results = archived(tmp_path, document(entry(box(x=value), box()), entry(box())))
    assert results.boxes("cars").entry.tolist() == [0, 0, 1]
    what = "is not a finite number; the detection is counted, but neither drawn nor exported to COCO JSON"
    assert results.notes == [f"cars: x {what} (in frame 0 at 0.00 s)."]


def test_an_entry_that_does_not_fit_is_noted_with_its_field(tmp_path: Path) -> None:
    odd = entry({key: value for key, value in box().items() if key != "class"})
    results = archived(tmp_path, document(entry(box()), odd, odd))
    assert results.models["cars"].mismatched == 2
    reason = "predictions[] does not fit: Object missing required field `class`; not analyzed"
    assert results.notes == [f"cars: {reason} (in 2 frames, first in frame 2 at 0.20 s)."]


def test_many_different_problems_are_summed_up() -> None:
    notes = Notes("cars")
    for at in range(3 * MAX_NOTES):
        notes.add(at, Issue(f"field {at}", "is odd"))
    summary = notes.summary()
    assert len(summary) == MAX_NOTES + 1
    assert (summary[-1].field, summary[-1].entries, summary[-1].first) == (OTHER, 2 * MAX_NOTES, MAX_NOTES)


def test_a_key_that_occurs_twice_is_noted(tmp_path: Path) -> None:
    text = json.dumps(document(entry(box("old"))))[:-1] + ', "cars": ' + json.dumps([entry(box("new"))]) + "}"
    results = archived(tmp_path, text.encode())
    assert results.models["cars"].classes == ("new",)
    assert results.notes == ["cars occurs more than once; the last one is read."]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (gzip.compress(b"{}" * 1000)[:30], "compressed file is damaged"),
        (b"PK\x03\x04 no zip", "compressed file is damaged"),
        ("{".encode("utf-16") + b"\x00\xd8", "not valid UTF-16 text"),
        (gzip.compress(gzip.compress(gzip.compress(gzip.compress(b"{}")))), "compressed more than twice"),
    ],
    ids=["cut gzip", "not a zip", "cut UTF-16", "gzip four times"],
)
def test_damaged_compression_is_named_and_the_file_is_kept(tmp_path: Path, data: bytes, why: str) -> None:
    with pytest.raises(ResultsError, match=why):
        archived(tmp_path, data)
    assert (tmp_path / "job" / "results.json.zst").exists()


def test_a_small_file_that_expands_without_bound_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encodings, "MIN_LIMIT_BYTES", 1 << 20)
    with pytest.raises(ResultsError, match="expand to more than 1 MiB"):
        archived(tmp_path, gzip.compress(b" " * (3 << 20)))
    assert not list((tmp_path / "job").glob("**/plain*"))


def test_a_zip_of_several_files_is_named(tmp_path: Path) -> None:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("a.json", "{}")
        archive.writestr("b.json", "{}")
    with pytest.raises(ResultsError, match="ZIP of 2 files"):
        archived(tmp_path, zipped.getvalue())


def test_a_model_with_no_known_box_is_a_detection_if_it_has_masks(tmp_path: Path) -> None:
    one = {"class": "cat", "confidence": 0.9, "mask": [[10, 20], [30, 20], [30, 60]]}
    results = archived(tmp_path, document(entry(one)))
    assert results.models["cars"].kind is Kind.SEGMENTATION
    assert results.boxes("cars").xyxy.tolist() == [[10, 20, 30, 60]]
    assert np.allclose(results.polygons("cars", 0)[0], [[10, 20], [30, 20], [30, 60]])
