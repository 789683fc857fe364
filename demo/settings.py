"""Parameters of the sample scene, and of similar scenes for training, drawn by seed."""

from __future__ import annotations

import numpy as np

from demo.camera import Camera
from demo.light import Sky
from demo.plan import Belt, Halt, Phase, make_plan
from demo.scene import Setting

FPS = 25
SAMPLE_SECONDS = 75
SAMPLE_SEED = 24

_CALM = (2, 3, 2, 1, 1)
"""Weights of the classes, in the order of `demo.plan.CLASSES`."""
_NEAR_BELT = (
    Phase(8, 0.35, _CALM),
    Phase(27, 1.7, (2, 9, 3, 1, 2)),
    Phase(42, 0.16, _CALM),
    Phase(64, 1.6, (5, 3, 6, 1, 2)),
    Phase(99, 0.3, _CALM),
)
_FAR_BELT = (
    Phase(18, 0.3, (1, 2, 1, 3, 1)),
    Phase(38, 0.9, (1, 2, 2, 6, 2)),
    Phase(52, 0.25, _CALM),
    Phase(99, 0.6, (2, 3, 2, 2, 4)),
)


def sample_setting() -> Setting:
    """The sample, 75 seconds: a rush of boxes, a lull while the far belt is stopped, a rush of bags and envelopes."""
    belts = (
        Belt(0.0, 0.92, 0.8, 0.46, _NEAR_BELT),
        Belt(1.5, 0.82, 0.8, -0.36, _FAR_BELT, (Halt(33.0, 38.0),)),
    )
    camera = Camera((-1.25, -3.5, 4.5), (0.1, 0.62, 0.8), 1560)
    sky = Sky(1.12, 1.0, (46.0, 23.0), 0.4, (0.62, -0.42, 0.72), 0.3)
    return Setting(SAMPLE_SEED, camera, sky, make_plan(belts, SAMPLE_SECONDS, SAMPLE_SEED), 0.55)


def training_setting(seed: int, seconds: float = 40.0) -> Setting:
    """A scene similar to the sample, with camera, light, belt speeds and items drawn at random from the seed."""
    random = np.random.default_rng([seed, 9])
    eye = np.array((-1.25, -3.5, 4.5)) + random.normal(0, (0.35, 0.2, 0.2))
    target = np.array((0.1, 0.62, 0.8)) + random.normal(0, (0.15, 0.08, 0.0))
    camera = Camera((eye[0], eye[1], eye[2]), (target[0], target[1], target[2]), float(random.uniform(1430, 1680)))
    sun_from = np.array((0.62, -0.42, 0.72)) + random.normal(0, 0.12, 3)
    sky = Sky(
        float(random.uniform(0.85, 1.25)),
        float(random.uniform(0.3, 1.2)),
        (float(random.uniform(30, 60)), float(random.uniform(12, 30))),
        float(random.uniform(0, 6)),
        (sun_from[0], sun_from[1], sun_from[2]),
        float(random.uniform(-0.3, 0.8)),
    )
    belts = (_random_belt(random, 0.0, 0.92, 1), _random_belt(random, 1.5, 0.82, -1))
    gantry_m = float(random.uniform(-0.9, 1.4))
    grain, shake_px = float(random.uniform(1.2, 3.2)), float(random.uniform(0.2, 1.2))
    return Setting(seed, camera, sky, make_plan(belts, seconds, seed), gantry_m, shake_px, grain)


def _random_belt(random: np.random.Generator, across_m: float, width_m: float, direction: int) -> Belt:
    mix = tuple(float(weight) for weight in random.dirichlet((3, 3, 3, 3, 3)) + 0.05)
    speed_m_per_s = direction * float(random.uniform(0.3, 0.55))
    return Belt(across_m, width_m, 0.8, speed_m_per_s, (Phase(999, float(random.uniform(0.3, 1.8)), mix),))
