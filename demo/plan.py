"""The seeded plan of a scene: which item is where on which belt, and when."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

CLASSES: Final = ("bag", "box", "envelope", "tote", "tube")
"""Names by class id."""
FLAT: Final = {"bag", "envelope"}
"""Items of these classes may overlap one another; all other items must be apart."""
HALF_LENGTH_M: Final = 4.0
"""Half length of a belt."""
_SIZES_M: Final = {
    "bag": ((0.30, 0.46), (0.24, 0.36), (0.06, 0.11)),
    "box": ((0.26, 0.56), (0.20, 0.40), (0.12, 0.34)),
    "envelope": ((0.30, 0.42), (0.22, 0.30), (0.018, 0.035)),
    "tote": ((0.54, 0.60), (0.36, 0.40), (0.20, 0.30)),
    "tube": ((0.46, 0.78), (0.09, 0.13), (0.09, 0.13)),
}
"""Ranges of length, width and height by class."""
_SPACING_M: Final = 0.025
_REACH_M: Final = 1.0
"""Items whose centers are farther apart along the belt cannot touch."""
_MAX_OVERLAP: Final = 0.35
"""Largest part of an item's footprint that may overlap one other item."""


@dataclass(frozen=True)
class Phase:
    """A period on one belt: rate and class distribution of the items that pass the middle of the hall."""

    until_s: float
    items_per_s: float
    mix: tuple[float, ...]
    """Weights by class id."""


@dataclass(frozen=True)
class Halt:
    """A stop of the belt: it brakes for one second before `from_s` and accelerates for one second after `until_s`."""

    from_s: float
    until_s: float


@dataclass(frozen=True)
class Belt:
    """One conveyor: its center line is at `across_m`, its surface at `height_m` above the floor."""

    across_m: float
    width_m: float
    height_m: float
    speed_m_per_s: float
    """Negative moves to the left."""
    phases: tuple[Phase, ...]
    halts: tuple[Halt, ...] = ()

    @property
    def direction(self) -> int:
        return 1 if self.speed_m_per_s > 0 else -1

    def pace(self, time_s: float) -> float:
        """Share of the full speed, 0 to 1."""
        return min((_ramp(time_s, halt) for halt in self.halts), default=1.0)

    def traveled_m(self, time_s: float) -> float:
        """Distance traveled since the start, positive for either direction."""
        lost_s = sum(_lost_s(time_s, halt) for halt in self.halts)
        return abs(self.speed_m_per_s) * (time_s - lost_s)


@dataclass(frozen=True)
class Item:
    """One parcel at a fixed place of its belt: it passes the middle of the hall after `along_m` of travel."""

    number: int
    class_name: str
    belt: int
    along_m: float
    across_m: float
    """Distance from the belt's center line, positive to the right of the direction of travel."""
    yaw_rad: float
    size_m: tuple[float, float, float]
    """Length, width, height."""
    base_m: float
    """Height above the belt; 0 unless the item is on top of another one."""
    look: int
    """Seed of its colors and prints."""

    @property
    def footprint(self) -> npt.NDArray[np.float32]:
        """(4, 2) corners along and across the belt, in meters."""
        return oblong(self.along_m, self.across_m, self.yaw_rad, self.size_m[0], self.size_m[1])


@dataclass(frozen=True)
class Plan:
    """All items of a scene."""

    belts: tuple[Belt, ...]
    items: tuple[Item, ...]

    def center_m(self, item: Item, time_s: float) -> tuple[float, float, float]:
        """(x, y, z) of the center of an item's underside at `time_s`."""
        belt = self.belts[item.belt]
        x = belt.direction * (belt.traveled_m(time_s) - item.along_m)
        return x, belt.across_m - belt.direction * item.across_m, belt.height_m + item.base_m

    def present(self, time_s: float) -> list[Item]:
        """Items on the belts at `time_s`, including those outside the image."""
        return [item for item in self.items if abs(self.center_m(item, time_s)[0]) < HALF_LENGTH_M]


def make_plan(belts: tuple[Belt, ...], duration_s: float, seed: int) -> Plan:
    """Fill the belts for a scene of this length, deterministically by seed."""
    random = np.random.default_rng([seed, 1])
    items: list[Item] = []
    for number, belt in enumerate(belts):
        items += _fill(number, belt, duration_s, random)
    return Plan(belts, tuple(replace(item, number=number) for number, item in enumerate(items)))


def _fill(number: int, belt: Belt, duration_s: float, random: np.random.Generator) -> Iterator[Item]:
    laid: list[Item] = []
    end_m = belt.traveled_m(duration_s) + HALF_LENGTH_M
    along_m = -HALF_LENGTH_M
    while (along_m := along_m + _gap_m(belt, along_m, random)) < end_m:
        mix = _phase_at(belt, along_m).mix
        class_name = str(random.choice(CLASSES, p=np.array(mix) / sum(mix)))
        for _ in range(14):
            item = _laid_on(_any_item(class_name, number, belt, along_m, random), laid)
            if item:
                laid.append(item)
                yield item
                break


def _phase_at(belt: Belt, along_m: float) -> Phase:
    """The phase during which this place of the belt passes the middle of the hall; braking is neglected."""
    came_s = along_m / abs(belt.speed_m_per_s)
    for halt in belt.halts:
        came_s += halt.until_s - halt.from_s if came_s > halt.from_s else 0.0
    return next((phase for phase in belt.phases if came_s < phase.until_s), belt.phases[-1])


def _gap_m(belt: Belt, along_m: float, random: np.random.Generator) -> float:
    mean_m = abs(belt.speed_m_per_s) / _phase_at(belt, along_m).items_per_s
    return float(mean_m * (0.35 + random.exponential(0.65)))


def _any_item(class_name: str, number: int, belt: Belt, along_m: float, random: np.random.Generator) -> Item:
    length_m, width_m, height_m = (float(random.uniform(*limits)) for limits in _SIZES_M[class_name])
    if class_name == "tube":
        height_m = width_m
    yaw_rad = float(random.normal(0, 0.22) + random.choice([0, math.pi / 2]))
    reach_m = belt.width_m / 2 - max(abs(corner) for corner in oblong(0, 0, yaw_rad, length_m, width_m)[:, 1])
    return Item(
        number=0,
        class_name=class_name,
        belt=number,
        along_m=along_m + float(random.normal(0, 0.07)),
        across_m=float(random.uniform(-1, 1)) * max(reach_m - 0.02, 0.0),
        yaw_rad=yaw_rad,
        size_m=(length_m, width_m, height_m),
        base_m=0.0,
        look=int(random.integers(2**31)),
    )


def _laid_on(item: Item, laid: list[Item]) -> Item | None:
    """The item on the belt or, if it is flat, on top of flat items; None if there is no room."""
    near = [other for other in laid[-12:] if abs(item.along_m - other.along_m) < _REACH_M]
    touched = [(other, shared) for other in near if (shared := _shared_m2(item, other)) > 0]
    if not touched:
        return item
    area_m2 = item.size_m[0] * item.size_m[1]
    if any({item.class_name, other.class_name} - FLAT or shared > _MAX_OVERLAP * area_m2 for other, shared in touched):
        return None
    return replace(item, base_m=max(other.base_m + 0.8 * other.size_m[2] for other, _ in touched))


def _shared_m2(one: Item, other: Item) -> float:
    both_flat = {one.class_name, other.class_name} <= FLAT
    grown = 0.0 if both_flat else _SPACING_M
    wide = oblong(one.along_m, one.across_m, one.yaw_rad, one.size_m[0] + grown * 2, one.size_m[1] + grown * 2)
    return float(cv2.intersectConvexConvex(wide, other.footprint)[0])


def oblong(along_m: float, across_m: float, yaw_rad: float, length_m: float, width_m: float) -> npt.NDArray[np.float32]:
    """(4, 2) corners of a rotated rectangle."""
    half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (length_m / 2, width_m / 2)
    cos, sin = math.cos(yaw_rad), math.sin(yaw_rad)
    return np.asarray(half @ np.array([[cos, sin], [-sin, cos]]) + (along_m, across_m), dtype=np.float32)


def _ramp(time_s: float, halt: Halt) -> float:
    return float(np.clip(max(halt.from_s - time_s, time_s - halt.until_s), 0, 1))


def _lost_s(time_s: float, halt: Halt) -> float:
    """Seconds lost to a halt until `time_s`: the integral of 1 - pace."""
    braking = float(np.clip(time_s - halt.from_s + 1, 0, 1)) ** 2 / 2
    still = float(np.clip(time_s - halt.from_s, 0, halt.until_s - halt.from_s))
    starting_s = float(np.clip(time_s - halt.until_s, 0, 1))
    return braking + still + starting_s - starting_s**2 / 2
