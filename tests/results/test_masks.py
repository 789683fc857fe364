"""Masks in every spelling: COCO RLE, polygons, bitmaps and PNGs, as exact outlines; hostile ones are refused."""

from __future__ import annotations

import base64
import io
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from frametally.results import Kind
from frametally.results.entries import AnyBox, Box, EntryDecoder
from frametally.results.masks import joined, rasterized, separated
from frametally.results.spellings.rle import MaskInvalid, decompress, rings_of_bitmap, rings_of_runs, signed_area
from tests.support.documents import archived, box, document
from tests.support.rle import mask_to_rle
from tests.support.soak import iterations

WIDTH_PX, HEIGHT_PX = 32, 24
BARE = {"class": "cat", "confidence": 0.9}


def ring_and_dot() -> npt.NDArray[np.bool_]:
    """A mask of two parts, one of which has a hole."""
    mask = np.zeros((HEIGHT_PX, WIDTH_PX), dtype=np.bool_)
    mask[3:15, 4:20], mask[6:10, 8:12], mask[18:21, 25:30] = True, False, True
    return mask


def with_image(*boxes: dict[str, Any]) -> dict[str, Any]:
    return {"image": {"width": WIDTH_PX, "height": HEIGHT_PX}, "predictions": list(boxes)}


def png_of(mask: npt.NDArray[np.bool_]) -> str:
    file = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8) * 255).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def spellings(mask: npt.NDArray[np.bool_]) -> list[dict[str, Any]]:
    text, numbers = mask_to_rle(mask, compressed=True), [int(one) for one in mask_to_rle(mask)]
    size = [HEIGHT_PX, WIDTH_PX]
    left, right = mask.copy(), mask.copy()
    left[:, 22:], right[:, :22] = False, False
    parts = [{"size": size, "counts": mask_to_rle(part, compressed=True)} for part in (left, right)]
    return [
        *({name: {"size": size, "counts": text}} for name in ("rle", "rle_mask", "mask", "segmentation")),
        {"rle": {"counts": numbers, "size": size}},
        {"rle": {"counts": numbers, "height": HEIGHT_PX, "width": WIDTH_PX}},
        {"rle": text},
        {"rle_mask": numbers},
        {"masks": parts},
        {"masks": [{"size": size, "counts": text}]},
        {"mask": mask.astype(int).tolist()},
        {"mask": mask.tolist()},
        {"mask": png_of(mask)},
        {"points": [], "mask": f"data:image/png;base64,{png_of(mask)}"},
        {"rle": "not an encoding!", "rle_mask": {"size": size, "counts": text}},
    ]


@pytest.mark.parametrize("number", range(15))
def test_each_spelling_of_a_mask_is_read_exactly(tmp_path: Path, number: int) -> None:
    mask = ring_and_dot()
    results = archived(tmp_path, document(with_image({**BARE, **spellings(mask)[number]})))
    assert (results.models["cars"].kind, results.notes) == (Kind.SEGMENTATION, [])
    assert results.boxes("cars").xyxy.tolist() == [[4, 3, 30, 21]]
    (outlines,) = results.outlines("cars", 0)
    assert sum(map(signed_area, outlines)) == mask.sum()
    assert (rasterized(outlines, WIDTH_PX, HEIGHT_PX) == mask).all()
    (polygon,) = results.polygons("cars", 0)
    assert (rasterized([polygon], WIDTH_PX, HEIGHT_PX) == mask).all()


def test_all_spellings_are_tested() -> None:
    assert len(spellings(ring_and_dot())) == 15


def test_another_spelling_after_boxes_of_known_keys_is_not_ignored() -> None:
    known = with_image({**box(), "detection_id": "a"})
    for field in set(AnyBox.__struct_encode_fields__) - set(Box.__struct_encode_fields__):
        decoder = EntryDecoder(Kind.DETECTION)
        decoder.decode_one(msgspec.json.encode(known))
        (entry,) = decoder.decode_list(memoryview(msgspec.json.encode([known])))
        assert not isinstance(entry.predictions[0], AnyBox)
        with pytest.raises(msgspec.ValidationError):
            decoder.decode_list(memoryview(msgspec.json.encode([known, with_image({**box(), field: "b"})])))


@pytest.mark.parametrize(
    "polygons",
    [
        [[1, 2, 11, 2, 11, 12], [20, 2, 20, 12, 30, 12]],
        [[[1, 2], [11, 2], [11, 12]], [[20, 2], [20, 12], [30, 12]]],
        [[{"x": 1, "y": 2}, {"x": 11, "y": 2}, {"x": 11, "y": 12}], [[20, 2], [20, 12], [30, 12]]],
    ],
)
@pytest.mark.parametrize("field", ["points", "segmentation", "masks", "polygons"])
def test_several_outlines_of_one_box_are_kept(tmp_path: Path, polygons: list[Any], field: str) -> None:
    results = archived(tmp_path, document(with_image(box(), {**BARE, field: polygons})))
    first, outlines = results.outlines("cars", 0)
    assert first == []
    assert [sorted(ring.tolist()) for ring in outlines] == [[[1, 2], [11, 2], [11, 12]], [[20, 2], [20, 12], [30, 12]]]
    assert [signed_area(ring) for ring in outlines] == [50, 50]


def test_random_masks_survive_encoding_and_tracing() -> None:
    random = np.random.default_rng(3)
    for _ in range(iterations(200)):
        height, width = random.integers(1, 14, 2).tolist()
        mask = random.random((height, width)) < random.choice([0.1, 0.5, 0.9])
        rings = rings_of_bitmap(mask)
        assert (rasterized(rings, width, height) == mask).all()
        assert (rasterized([joined(rings)], width, height) == mask).all()
        assert sum(map(signed_area, rings)) == mask.sum()
        if mask.any() and not any((ring[1:] == rings[0][0]).all(axis=1).any() for ring in rings):
            assert all((a == b).all() for a, b in zip(rings, separated(joined(rings)), strict=True))
        if mask.any():
            runs = decompress(str(mask_to_rle(mask, compressed=True)))
            assert runs.tolist() == [int(one) for one in mask_to_rle(mask)]
            assert all((a == b).all() for a, b in zip(rings, rings_of_runs(runs, height, width), strict=True))


def test_a_mask_of_another_resolution_is_scaled(tmp_path: Path) -> None:
    half = ring_and_dot()[::2, ::2]
    rle = {"size": [HEIGHT_PX // 2, WIDTH_PX // 2], "counts": mask_to_rle(half, compressed=True)}
    results = archived(tmp_path, document(with_image({**BARE, "rle": rle})))
    assert results.boxes("cars").xyxy.tolist() == [[4, 4, 30, 22]]


INVALID: list[Any] = [
    {"size": [HEIGHT_PX, WIDTH_PX], "counts": "0"},
    {"size": [WIDTH_PX, HEIGHT_PX + 1], "counts": [WIDTH_PX * (HEIGHT_PX + 1)]},
    {"size": [1 << 20, 1 << 20], "counts": [0, 1 << 40]},
    {"size": [1 << 31, 1], "counts": [0, 1 << 31]},
    {"size": [-4, -4], "counts": [16]},
    {"size": "big", "counts": [16]},
    {"size": [4, 4], "counts": [-4, 20]},
    {"size": [4, 4], "counts": [1e300, 16]},
    {"size": [4, 4], "counts": None},
    {"counts": {}},
    "o" * 5000,
    [1, 2, 3],
    [[1, 2], [3]],
    [[1, 2], [3, "x"], [5, 6]],
    [[1e300, 2], [3, 4], [5, 6]],
    [[[[[[[[1, 2]]]]]]]],
    {"a": 1},
    True,
]


@pytest.mark.parametrize("value", INVALID)
def test_an_invalid_mask_leaves_its_box_and_is_noted(tmp_path: Path, value: object) -> None:
    results = archived(tmp_path, document(with_image(box(rle=value)), None))
    assert results.boxes("cars").xyxy.tolist() == [[8, 17, 12, 23]]
    (note,) = results.notes
    assert note.startswith("cars: rle ")
    assert note.endswith("not drawn (in frame 0 at 0.00 s).")


def test_an_empty_mask_alone_is_a_detection_without_a_place(tmp_path: Path) -> None:
    rle = {"size": [HEIGHT_PX, WIDTH_PX], "counts": [HEIGHT_PX * WIDTH_PX]}
    results = archived(tmp_path, document(with_image(box(), {**BARE, "rle": rle})))
    assert len(results.boxes("cars")) == 2
    assert "x is not a finite number" in results.notes[0]


def test_a_large_mask_of_few_runs_costs_no_memory_of_its_size() -> None:
    started_s = time.process_time()
    for _ in range(50):
        (ring,) = rings_of_runs(np.array([0, 1 << 25]), 1 << 13, 1 << 12)
    assert time.process_time() - started_s < 2
    assert sorted(ring.tolist()) == [[0, 0], [0, 8192], [4096, 0], [4096, 8192]]


def test_a_mask_of_too_many_runs_is_refused() -> None:
    with pytest.raises(MaskInvalid, match="too detailed"):
        rings_of_runs(np.ones(1 << 20, dtype=np.int64), 1 << 10, 1 << 10)
