"""Small results documents, ingested and opened like real ones."""

from __future__ import annotations

import json
import random
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from frametally.results import Results, open_results
from tests.support.archives import archive_cached

Entry = dict[str, Any] | None
WIDTH_PX, HEIGHT_PX = 640, 360


def box(
    name: str, confidence: float = 0.9, xywh: tuple[float, float, float, float] = (50, 50, 20, 20), **more: Any
) -> dict[str, Any]:
    """A prediction as in a results file: x and y are the center, in pixels."""
    x, y, width, height = xywh
    return {"x": x, "y": y, "width": width, "height": height, "confidence": confidence, "class": name, **more}


def entry(*predictions: dict[str, Any], wh: tuple[int, int] = (WIDTH_PX, HEIGHT_PX)) -> Entry:
    return {"time": 0.01, "image": {"width": wh[0], "height": wh[1]}, "predictions": list(predictions)}


def opened(folder: Path, *, fps: float = 5, **models: list[Any]) -> Results:
    """Results of these models with `fps` entries per second, of a video with 30 frames per second."""
    size = max(len(entries) for entries in models.values())
    content = {
        "frame_offset": [round(at * 30 / fps) for at in range(size)],
        "time_offset": [round(at / fps, 4) for at in range(size)],
        **models,
    }
    path = folder / "results.json"
    path.write_text(json.dumps(content))
    target = Path(mkdtemp(dir=folder)) / "archive"  # an existing folder is kept
    archive_cached(path, target)
    return open_results(target)


def random_entries(seed: int, size: int, classes: str = "abc", crowd: int = 8) -> list[Entry]:
    """Entries with fewer than `crowd` boxes, which often overlap; about one in seven entries is null."""
    chance = random.Random(seed)
    return [
        None
        if chance.random() < 1 / 7
        else entry(*(_random_box(chance, classes) for _ in range(chance.randrange(crowd))))
        for _ in range(size)
    ]


def random_cars(folder: Path, seed: int, entries: int) -> Results:
    """Results of the model `cars` with up to three boxes per entry; about a third of the entries are null."""
    chance = random.Random(seed)
    rows: list[Any] = []
    for _ in range(entries):
        some = [box(chance.choice("abc"), chance.choice([chance.random(), 0.29, 0.5, 0.57])) for _ in range(3)]
        rows.append(chance.choice([None, entry(*some[: chance.randint(0, 3)]), entry(*some)]))
    return opened(folder, cars=rows)


def boxes_per_entry(frames: list[Entry], confidence: float, members: str) -> list[int]:
    """The number of boxes of these classes with at least this confidence in each entry, counted by a plain loop."""
    return [
        sum(one["class"] in members and one["confidence"] >= confidence for one in (found or {}).get("predictions", []))
        for found in frames
    ]


def _random_box(chance: random.Random, classes: str) -> dict[str, Any]:
    xywh = (chance.randrange(60, 100), chance.randrange(60, 100), chance.randrange(20, 60), chance.randrange(20, 60))
    return box(chance.choice(classes), round(chance.random(), 3), xywh)
