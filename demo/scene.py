"""Paint the image of a scene at any time from its setting."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from demo.backdrop import paint_backdrop
from demo.belts import SHUTTER_S, Surface
from demo.camera import HEIGHT_PX, WIDTH_PX, Camera, Mount
from demo.film import Film
from demo.gantry import Gantry
from demo.light import Sky, Windows
from demo.order import back_to_front
from demo.paint import FINE, Canvas, Patch, Stage, cast
from demo.plan import Item, Plan
from demo.shapes import outline, placed
from demo.sprites import Sprite, make_sprite

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """The parameters of a scene."""

    seed: int
    camera: Camera
    sky: Sky
    plan: Plan
    gantry_m: float
    """Position of the scanner bridge along the belts."""
    shake_px: float = 0.7
    grain: float = 2.2

    @property
    def mount(self) -> Mount:
        return Mount(self.seed, self.shake_px)

    @property
    def gantry(self) -> Gantry:
        return Gantry(self.gantry_m, self.plan.belts)


class Scene:
    """A setting prepared for painting."""

    def __init__(self, setting: Setting) -> None:
        random = np.random.default_rng([setting.seed, 2])
        self.setting = setting
        self.film = Film(setting.sky, setting.mount, setting.seed, grain=setting.grain)
        self._stage = Stage(setting.camera, Windows(setting.sky.sun_from, random))
        self._backdrop = paint_backdrop(self._stage, setting.plan.belts, random)
        self._surfaces = [Surface(self._stage, belt, random) for belt in setting.plan.belts]
        self._bridge = setting.gantry.paint(self._stage, random)
        self._sprites: dict[int, Sprite] = {}

    def picture(self, time_s: float, frame: int) -> Image:
        """The frame (720, 1280, 3) BGR at `time_s`; `frame` seeds its grain."""
        canvas = self._backdrop.copy()
        for surface in self._surfaces:
            surface.paint(canvas, time_s)
        self.setting.gantry.cast(canvas, self._stage)
        plan = self.setting.plan
        for item in back_to_front(plan, self.setting.camera, time_s):
            self._paint_item(canvas, item, time_s)
        self._bridge.blend_into(canvas)
        return self.film.expose(canvas, time_s, frame)

    def _paint_item(self, canvas: Canvas, item: Item, time_s: float) -> None:
        plan, camera = self.setting.plan, self.setting.camera
        points = placed(outline(item), item, plan, time_s)
        hull = camera.project(points)
        if not _in_view(hull):
            return
        cast(canvas, self._stage, points, plan.center_m(item, time_s)[2])
        patch = Patch(hull)
        self._sprite(item).paint(patch, self._stage, lambda local: placed(local, item, plan, time_s))
        patch.layer(self._motion(item, time_s)).blend_into(canvas)

    def _sprite(self, item: Item) -> Sprite:
        if item.number not in self._sprites:
            ahead = self.setting.plan.belts[item.belt].direction > 0
            self._sprites[item.number] = make_sprite(item, item.yaw_rad + (math.pi if ahead else 0))
        return self._sprites[item.number]

    def _motion(self, item: Item, time_s: float) -> Image | None:
        """The motion blur kernel of an item, in patch pixels; None if it moves by less than one during the exposure."""
        belt = self.setting.plan.belts[item.belt]
        center = np.array(self.setting.plan.center_m(item, time_s))
        run = belt.speed_m_per_s * belt.pace(time_s) * SHUTTER_S
        start, end = self.setting.camera.project(np.array([center, center + np.array((run, 0, 0))])) * FINE
        return _streak(end - start)


def _streak(move_px: Floats) -> Image | None:
    reach = int(np.ceil(np.abs(move_px).max() / 2))
    if np.abs(move_px).max() < 1:
        return None
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), dtype=np.float32)
    for share in np.linspace(-0.5, 0.5, 9):
        column, row = np.round(move_px * share).astype(int) + reach
        kernel[row, column] += 1
    return np.asarray(kernel / kernel.sum())


def _in_view(hull_px: Floats, margin_px: int = 60) -> bool:
    low, high = hull_px.min(axis=0), hull_px.max(axis=0)
    return bool((high > -margin_px).all() and low[0] < WIDTH_PX + margin_px and low[1] < HEIGHT_PX + margin_px)
