"""Lighting: overhead lamps that shade every face, and sunlight through windows that varies with clouds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LAMP: Final = np.array((-0.36, -0.46, 0.81))
"""Direction toward the main lamp light, in hall coordinates."""
AMBIENT: Final = 0.56
_MAP_PX_PER_M = 64
_MAP_FROM_M = (-9.0, -5.0)
_MAP_SIZE_PX = (1280, 1088)


@dataclass(frozen=True)
class Sky:
    """Brightness of lamps and sun over time."""

    lamps: float
    sun: float
    cloud_s: tuple[float, ...]
    """Periods of the sine waves whose mean is the cloud cover."""
    phase_rad: float
    sun_from: tuple[float, float, float]
    """Direction toward the sun, in hall coordinates; of any length."""
    warmth: float
    """Color temperature of the lamps: 0 is neutral."""

    def sunlight(self, time_s: float) -> float:
        """Brightness of the sun; 0 behind a cloud."""
        waves = [
            math.sin(2 * math.pi * time_s / period + self.phase_rad * number)
            for number, period in enumerate(self.cloud_s, 1)
        ]
        seen = 0.5 + 0.9 * sum(waves) / len(waves)
        return self.sun * min(max(seen, 0.0), 1.0)

    def lamplight(self, time_s: float) -> float:
        """Brightness of lamps and diffuse sky."""
        return self.lamps * (1 + 0.02 * math.sin(time_s * 0.7 + self.phase_rad)) + 0.12 * self.sunlight(time_s)


def shade(normal: Floats) -> float:
    """Share of the lamp light on a face with this outward normal, 0 to 1."""
    return float(AMBIENT + (1 - AMBIENT) * max(normal @ LAMP / np.linalg.norm(LAMP), 0.0))


class Windows:
    """Sunlight through the windows: a light map of the floor, onto which points above it are projected from the sun."""

    def __init__(self, sun_from: tuple[float, float, float], random: np.random.Generator) -> None:
        self.sun_from = np.array(sun_from) / np.linalg.norm(sun_from)
        self.map = _panes(random)

    def on_map(self, points: Floats) -> npt.NDArray[np.float32]:
        """(n, 2) pixels of the light map for (n, 3) points of the hall."""
        floor = points[:, :2] - points[:, 2:] * self.sun_from[:2] / self.sun_from[2]
        return np.asarray((floor - _MAP_FROM_M) * _MAP_PX_PER_M, dtype=np.float32)

    def landing(self, points: Floats, height_m: float) -> Floats:
        """(n, 3) positions of the shadows of points (n, 3) on a horizontal surface; points below it are unchanged."""
        fall_m = np.maximum(points[:, 2:] - height_m, 0)
        return np.column_stack([points[:, :2] - fall_m * self.sun_from[:2] / self.sun_from[2], points[:, 2:] - fall_m])


def _panes(random: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Light map of slanted window panes in rows, with penumbras."""
    panes = np.zeros(_MAP_SIZE_PX[::-1], dtype=np.uint8)
    pitch_m, slant = float(random.uniform(2.3, 3.2)), float(random.uniform(0.25, 0.5))
    start_m = float(random.uniform(0, pitch_m))
    for column in range(-2, 12):
        for part in range(3):
            left = start_m + column * pitch_m + part * 0.46
            _pane(panes, left, 0.40, slant)
    return np.asarray(cv2.GaussianBlur(panes, (0, 0), 2.6), dtype=np.uint8)


def _pane(panes: npt.NDArray[np.uint8], left_m: float, width_m: float, slant: float) -> None:
    for low_m, high_m in ((1.0, 4.6), (4.75, 8.4), (9.2, 13.5)):
        corners = [
            (left_m + slant * low_m, low_m),
            (left_m + width_m + slant * low_m, low_m),
            (left_m + width_m + slant * high_m, high_m),
            (left_m + slant * high_m, high_m),
        ]
        cv2.fillConvexPoly(panes, (np.array(corners) * _MAP_PX_PER_M).astype(np.int32), 255, cv2.LINE_AA)
