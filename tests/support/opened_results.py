"""Small results documents, archived and opened as the real ones are."""

from __future__ import annotations

import json
import random
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from frametally.results import Results, open_results
from frametally.results.ingest import archive

Entry = dict[str, Any] | None
WIDTH_PX, HEIGHT_PX = 640, 360


def box(
    name: str, confidence: float = 0.9, xywh: tuple[float, float, float, float] = (50, 50, 20, 20), **more: Any
) -> dict[str, Any]:
    """As in the file: x and y are the center."""
    x, y, width, height = xywh
    return {"x": x, "y": y, "width": width, "height": height, "confidence": confidence, "class": name, **more}


def entry(*predictions: dict[str, Any], wh: tuple[int, int] = (WIDTH_PX, HEIGHT_PX)) -> Entry:
    return {"time": 0.01, "image": {"width": wh[0], "height": wh[1]}, "predictions": list(predictions)}


def opened(folder: Path, *, fps: float = 5, **models: list[Any]) -> Results:
    """Results of these models, `fps` entries a second of a video of 30 frames a second."""
    size = max(len(entries) for entries in models.values())
    content = {
        "frame_offset": [round(at * 30 / fps) for at in range(size)],
        "time_offset": [round(at / fps, 4) for at in range(size)],
        **models,
    }
    path = folder / "results.json"
    path.write_text(json.dumps(content))
    target = Path(mkdtemp(dir=folder)) / "archive"  # one that is there stays as it is
    archive(path, target)
    return open_results(target)


def random_entries(seed: int, size: int, classes: str = "abc", crowd: int = 8) -> list[Entry]:
    """Boxes that often overlap, with every seventh entry null; the same seed gives the same ones."""
    chance = random.Random(seed)
    return [
        None
        if chance.random() < 1 / 7
        else entry(*(_random_box(chance, classes) for _ in range(chance.randrange(crowd))))
        for _ in range(size)
    ]


def _random_box(chance: random.Random, classes: str) -> dict[str, Any]:
    xywh = (chance.randrange(60, 100), chance.randrange(60, 100), chance.randrange(20, 60), chance.randrange(20, 60))
    return box(chance.choice(classes), round(chance.random(), 3), xywh)
