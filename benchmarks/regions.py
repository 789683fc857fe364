"""Time to count at a line and in a zone that have been moved, over the tracks of eight hours: 2.8 million boxes.

line_2m8_ms   crossings of a line: the computing behind a drag
zone_2m8_ms   stays in a zone with 40 corners
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median

import numpy as np

from frametally.regions.crossings import crossings
from frametally.regions.shapes import Line, Zone
from frametally.regions.visits import visits
from frametally.tracking.tracks import Tracks

BOXES = 2_800_000
FPS = 5
LOOKS = 8 * 3600 * FPS
BOXES_OF_TRACK = 200
SIZE_PX = (1920, 1080)
_MOVES = 9


def figures() -> Iterator[tuple[str, float]]:
    """Print the measurements; yield milliseconds."""
    tracks = eight_hours()
    lines = [
        Line(id="l", name="Gate", start=(0.1, 0.3 + at / 20), end=(0.9, 0.5), hysteresis_px=4) for at in range(_MOVES)
    ]
    turns = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    circle = [(0.3 * float(np.cos(turn)), 0.5 + 0.3 * float(np.sin(turn))) for turn in turns]
    zones = [Zone(id="z", name="Dock", points=tuple((0.4 + at / 40 + x, y) for x, y in circle)) for at in range(_MOVES)]
    spent_ms = {
        "line": [_elapsed_ms(partial(crossings, tracks, line)) for line in lines],
        "zone": [_elapsed_ms(partial(visits, tracks, zone)) for zone in zones],
    }
    for name, spent in spent_ms.items():
        print(f"moving a {name} over {BOXES:,} boxes: median {median(spent):.0f} ms, worst {max(spent):.0f} ms")
        yield f"{name}_2m8_ms", median(spent)


def eight_hours() -> Tracks:
    """Objects that walk straight on with a jitter of 2 px, each seen for 40 s."""
    random = np.random.default_rng(0)
    count = BOXES // BOXES_OF_TRACK
    first = np.sort(random.integers(0, LOOKS - BOXES_OF_TRACK, count))
    step = np.tile(np.arange(BOXES_OF_TRACK), count)
    entry = (np.repeat(first, BOXES_OF_TRACK) + step).astype(np.int32)
    begin = random.uniform(0, 1, (count, 2)) * SIZE_PX
    speed = random.normal(0, (8, 5), (count, 2))
    feet = np.repeat(begin, BOXES_OF_TRACK, axis=0) + step[:, np.newaxis] * np.repeat(speed, BOXES_OF_TRACK, axis=0)
    feet += random.normal(0, 2, feet.shape)
    x, y = feet.T
    return Tracks(
        track_id=np.repeat(np.arange(1, count + 1, dtype=np.int32), BOXES_OF_TRACK),
        entry=entry,
        box=np.zeros(BOXES, dtype=np.int32),
        time_s=entry / FPS,
        confidence=np.ones(BOXES),
        xyxy=np.column_stack([x - 20, y - 50, x + 20, y]).astype(np.float32),
        class_code=np.zeros(BOXES, dtype=np.int32),
        class_share=np.ones(count),
        analyzed_entry=np.arange(LOOKS, dtype=np.int32),
        analyzed_time_s=np.arange(LOOKS) / FPS,
        size_px=SIZE_PX,
        classes=("person",),
    )


def _elapsed_ms(function: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    function()
    return 1000 * (time.perf_counter() - began_s)
