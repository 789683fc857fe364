"""Results documents for tests: constructed, random, and read by a plain reference implementation."""

from __future__ import annotations

import io
import json
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from frametally.results import Kind, Results, copy_original, open_results
from frametally.results.ingest import write_tables
from tests.support.archives import archive_cached

OFFSETS = ("frame_offset", "time_offset", "frame_offsets", "time_offsets")
NAMES = (
    "car",
    "person",
    "Größe",
    "车",
    "",
    'a "quoted" one',
    '},{"time":',
    '}, {"time": 1, "predictions": [',
    "null, null,",
    "]]}}",
    "[[{{",
    "back\\slash\\",
    "new\nline",
    "NaN",
    "\u2028",
    "😀",
)


def box(name: str = "car", confidence: object = 0.9, **values: Any) -> dict[str, Any]:
    return {"x": 10, "y": 20, "width": 4, "height": 6, "confidence": confidence, "class": name, **values}


def entry(*boxes: dict[str, Any]) -> dict[str, Any]:
    return {"time": 0.07, "image": {"width": 320, "height": 240}, "predictions": list(boxes)}


def document(*entries: Any, **more: Any) -> dict[str, Any]:
    """Results of the model `cars` at 5 entries per second."""
    count = len(entries)
    offsets = {"frame_offset": [at * 2 for at in range(count)], "time_offset": [at / 5 for at in range(count)]}
    return {**offsets, "cars": list(entries), **more}


def archived(folder: Path, content: object) -> Results:
    """Archive the results and open them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "download.json").write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    archive_cached(folder / "download.json", folder / "job")
    return open_results(folder / "job")


def original_of(folder: Path) -> bytes:
    """The uncompressed original in the archive folder of a job."""
    content = io.BytesIO()
    copy_original(folder, content)
    return content.getvalue()


def windowed(folder: Path, content: bytes, window_bytes: int) -> Results:
    """Results whose tables are written with a read window of this size; without the original."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "download.json").write_bytes(content)
    write_tables(folder / "download.json", folder, window_bytes)
    return open_results(folder)


def read_back(results: Results) -> dict[str, Any]:
    """The content of the tables as plain lists."""
    return {
        "frame_index": results.frame_index.tolist(),
        "time_s": results.time_s.tolist(),
        "unknown_keys": sorted(results.unknown_keys),
        "models": {name: _model(results, name) for name in results.models},
    }


def read_plainly(content: dict[str, Any]) -> dict[str, Any]:
    """The same for a document, by a plain loop over the parsed JSON."""
    frames, times = (content.get(name, content.get(f"{name}s")) for name in ("frame_offset", "time_offset"))
    models = {key: _plain_model(value) for key, value in content.items() if key not in OFFSETS}
    return {
        "frame_index": frames,
        "time_s": times,
        "unknown_keys": sorted(key for key, model in models.items() if model is None),
        "models": {key: model for key, model in models.items() if model is not None},
    }


def random_document(random: Random) -> dict[str, Any]:
    """A document with any kinds of models, null and mismatched entries, and keys in any order and spelling."""
    count = random.choice([0, 1, 2, 5, 20, 60])
    plural = random.choice(["", "s"])
    content: dict[str, Any] = {
        f"frame_offset{plural}": [at * 3 for at in range(count)],
        f"time_offset{plural}": [round(at / 7, 4) for at in range(count)],
    }
    for name in random.sample(["first", "time", "predictions", 'odd "name"', "车"], random.randint(0, 3)):
        content[name] = random_entries(random, count)
    others = {"note": "a ] word", "version": 3, "info": {"a": [1, {"b": None}]}, "list": [1, "},", []]}
    content |= {name: others[name] for name in random.sample(list(others), random.choice([0, 0, 1, 2]))}
    keys = random.sample(list(content), len(content))
    return {key: content[key] for key in keys}


def random_entries(random: Random, count: int) -> list[Any]:
    kind = random.choice(["boxes", "polygons", "keypoints", "labels", "several labels", "gaze", "clip"])
    nulls, odds = random.choice([0, 0.1, 0.9, 1]), random.choice([0, 0, 0, 0.1])
    entries: list[Any] = []
    for _ in range(count):
        if random.random() < nulls:
            entries.append(None)
        elif random.random() < odds:
            entries.append(random.choice([{"time": 1}, 7, "},{", [], {"predictions": 3}, {"x": "\ud800"}]))
        else:
            entries.append(random_entry(random, kind))
    return entries


def random_entry(random: Random, kind: str) -> dict[str, Any]:
    some = range(random.choice([0, 1, 1, 3]))
    head: dict[str, Any] = {"time": random.random()}
    head |= random.choice([{}, {"image": {"width": 640, "height": "480"}}, {"image": []}])
    if kind == "labels":
        labels = [{"class": name, "confidence": random.random()} for name in random.sample(NAMES, len(some))]
        return {**head, "top": "x", "predictions": labels}
    if kind == "several labels":
        names = random.sample(NAMES, len(some))
        return {**head, "predictions": {name: {"confidence": random.random(), "class_id": 1} for name in names}}
    if kind == "clip":
        return {"embeddings": [[random.choice([0.5, -0.25, 3, 1e-7]) for _ in range(4)]], **head}
    if kind == "gaze":
        return {
            **head,
            "predictions": [{"face": random_box(random), "yaw": random.random(), "pitch": -1} for _ in some],
        }
    boxes = [random_box(random) for _ in some]
    for one in boxes:
        if kind == "polygons" and random.random() < 0.8:
            one["points"] = [{"x": random.random(), "y": at} for at in range(random.randint(0, 5))]
        if kind == "keypoints":
            names = random.sample(["nose", "eye", "},{"], random.randint(0, 3))
            one["keypoints"] = [{"x": at, "y": 1.5, "confidence": 0.5, "class": name} for at, name in enumerate(names)]
    return {**head, "predictions": boxes}


def random_box(random: Random) -> dict[str, Any]:
    values = {name: random.choice([0, 1, 2.5, 1e3, -4.25]) for name in ("x", "y", "width", "height")}
    more = {"class_id": random.choice([None, 3, 0]), "tracker_id": random.choice([None, 7, "t-9"]), "parent_id": None}
    certainty = random.choice([0, 1, 0.29, 0.57, random.random(), random.random()])
    one = {**values, "confidence": certainty, "class": random.choice(NAMES)}
    return one | {key: value for key, value in more.items() if random.random() < 0.5}


def written(random: Random, content: dict[str, Any]) -> bytes:
    """The document in a random JSON layout."""
    layout: dict[str, Any] = random.choice(
        [{}, {"separators": (",", ":")}, {"indent": 1}, {"separators": (" ,\t", " : ")}, {"indent": 4}]
    )
    text = json.dumps(content, ensure_ascii=random.random() < 0.5 or "\\ud8" in json.dumps(content), **layout)
    text = text.replace("\n", random.choice(["\n", "\r\n", "\n\n   "])) if "indent" in layout else text
    return random.choice([b"", b"", b" \n", b"\xef\xbb\xbf"]) + text.encode() + random.choice([b"", b"\n", b"\r\n \t"])


def _model(results: Results, name: str) -> dict[str, Any]:
    model, boxes = results.models[name], results.boxes(name)
    entries = range(len(results.time_s))
    trackers = [None] * len(boxes) if boxes.tracker_id is None else boxes.tracker_id.tolist()
    known = {
        "kind": model.kind,
        "analyzed": model.analyzed.tolist(),
        "classes": list(model.classes),
        "boxes": [
            (of, model.classes[code], class_id, certainty, corners, tracker)
            for of, code, class_id, certainty, corners, tracker in zip(
                boxes.entry.tolist(),
                boxes.class_code,
                boxes.class_id.tolist(),
                boxes.confidence.tolist(),
                boxes.xyxy.tolist(),
                trackers,
                strict=True,
            )
        ],
        "wh": [None if np.isnan(wh[0]) else wh.tolist() for wh in model.image_wh],
    }
    if model.kind is Kind.SEGMENTATION:
        known["polygons"] = [[outline.tolist() for outline in results.polygons(name, at)] for at in entries]
    if model.kind is Kind.KEYPOINTS:
        known["keypoints"] = [
            [
                {
                    of: point.tolist()
                    for of, point in zip(model.keypoint_names, row, strict=True)
                    if point[0] == point[0]
                }
                for row in results.keypoints(name, at)
            ]
            for at in entries
        ]
    if model.kind in (Kind.CLASSIFICATION, Kind.MULTI_LABEL):
        known["scores"] = [
            {of: score for of, score in zip(model.classes, row, strict=True) if score == score}
            for row in results.scores(name).tolist()
        ]
    if model.kind is Kind.GAZE:
        known["gaze"] = results.gaze(name).tolist()
    if model.kind is Kind.CLIP:
        known["embeddings"] = [row for row in results.embeddings(name).tolist() if row[0] == row[0]]
    return known


def _plain_model(entries: Any) -> dict[str, Any] | None:
    if not isinstance(entries, list):
        return None
    fits = next((fit for fit in map(_fit, entries) if fit), None)
    if fits is None and any(one is not None and not _is_empty(one) for one in entries):
        return None
    fits = fits or "boxes"
    entries = [
        {"predictions": []} if fits == "gaze" and one == [] else one for one in entries
    ]  # an empty list is an entry without faces
    good = [one if _fit(one) == fits or _is_empty(one) else None for one in entries]
    items = [_items(one) for one in good]
    boxes = [[item.get("face", item) for item in row] if fits in ("boxes", "gaze") else [] for row in items]
    known: dict[str, Any] = {
        "kind": _plain_kind(fits, items),
        "analyzed": [one is not None for one in good],
        "classes": sorted({one["class"] for row in boxes for one in row}),
        "boxes": [_plain_box(at, one) for at, row in enumerate(boxes) for one in row],
        "wh": [[640.0, 480.0] if one and one.get("image") else None for one in good],
    }
    if known["kind"] is Kind.SEGMENTATION:
        known["polygons"] = [
            [[[float(np.float32(p["x"])), p["y"]] for p in one.get("points") or []] for one in row] for row in items
        ]
    if known["kind"] is Kind.KEYPOINTS:
        known["keypoints"] = [
            [{p["class"]: [p["x"], p["y"], p["confidence"]] for p in one.get("keypoints", [])} for one in row]
            for row in items
        ]
    if fits in ("labels", "several labels"):
        known["scores"] = [
            {one["class"]: one["confidence"] for one in row} if isinstance(row, list) else row for row in items
        ]
        known["classes"] = sorted({name for row in known["scores"] for name in row})
    if fits == "gaze":
        known["gaze"] = [[item["yaw"], item["pitch"]] for row in items for item in row]
    if fits == "clip":
        known["embeddings"] = [np.float32(one["embeddings"][0]).tolist() for one in good if one]
    return known


def _fit(one: Any) -> str | None:
    """The kind of an entry, None if it is empty or invalid."""
    if not isinstance(one, dict):
        return None
    if "embeddings" in one:
        return "clip"
    found = one.get("predictions")
    if isinstance(found, dict) and found:
        return "several labels"
    if not isinstance(found, list) or not found:
        return None
    return "gaze" if "face" in found[0] else "boxes" if "x" in found[0] else "labels"


def _is_empty(one: Any) -> bool:
    return isinstance(one, dict) and one.get("predictions") in ([], {})


def _items(one: Any) -> list[dict[str, Any]]:
    found = (one or {}).get("predictions") or []
    if isinstance(found, dict):
        return [{"class": name, **score} for name, score in found.items()]
    return list(found)


def _plain_kind(fits: str, items: list[list[dict[str, Any]]]) -> Kind:
    if fits == "boxes":
        shaped = {key for row in items for one in row for key in ("points", "keypoints") if one.get(key)}
        if shaped:
            return Kind.KEYPOINTS if "keypoints" in shaped else Kind.SEGMENTATION
    return {
        "boxes": Kind.DETECTION,
        "labels": Kind.CLASSIFICATION,
        "several labels": Kind.MULTI_LABEL,
        "gaze": Kind.GAZE,
        "clip": Kind.CLIP,
    }[fits]


def _plain_box(at: int, one: dict[str, Any]) -> tuple[Any, ...]:
    x, y, half_w, half_h = one["x"], one["y"], one["width"] / 2, one["height"] / 2
    tracker = one.get("tracker_id")
    return (
        at,
        one["class"],
        -1 if one.get("class_id") is None else one["class_id"],
        one["confidence"],
        [x - half_w, y - half_h, x + half_w, y + half_h],
        None if tracker is None else str(tracker),
    )
