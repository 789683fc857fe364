"""The seeded plan of the items on the belts."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from demo.plan import CLASSES, FLAT, Belt, Halt, Phase, make_plan
from demo.settings import sample_setting, training_setting
from demo.truth import seen_at

EVEN = (1.0,) * len(CLASSES)
BUSY = Phase(99, 1.6, EVEN)


def belt(*phases: Phase, halts: tuple[Halt, ...] = (), speed: float = 0.5) -> Belt:
    return Belt(0.0, 0.9, 0.8, speed, phases or (BUSY,), halts)


def test_plan_is_deterministic_by_seed() -> None:
    assert make_plan((belt(),), 30, 5) == make_plan((belt(),), 30, 5)
    assert make_plan((belt(),), 30, 5) != make_plan((belt(),), 30, 6)


def test_items_do_not_intersect_and_only_flat_items_overlap() -> None:
    items = make_plan((belt(),), 60, 5).items
    assert len(items) > 40
    for one, other in itertools.combinations(items, 2):
        if cv2.intersectConvexConvex(one.footprint, other.footprint)[0] > 1e-6:
            assert {one.class_name, other.class_name} <= FLAT
            assert one.base_m != other.base_m


def test_rush_reaches_the_middle_in_its_phase() -> None:
    plan = make_plan((belt(Phase(20, 0.2, EVEN), Phase(40, 1.5, EVEN), Phase(99, 0.2, EVEN)),), 60, 5)
    middles_s = np.array([item.along_m / 0.5 for item in plan.items])
    calm, rush, late = (((middles_s > start) & (middles_s < start + 20)).sum() for start in (0, 20, 40))
    assert rush > 2 * calm
    assert rush > 2 * late


def test_halt_costs_its_length_and_half_of_the_braking_and_acceleration_times() -> None:
    halting = belt(halts=(Halt(10, 14),))
    assert halting.traveled_m(9) == pytest.approx(4.5)
    assert halting.traveled_m(12) == halting.traveled_m(14) == pytest.approx(4.75)
    assert halting.traveled_m(20) == pytest.approx(0.5 * (20 - 5))
    assert [halting.pace(time_s) for time_s in (8, 9.5, 12, 14.5, 16)] == [1, 0.5, 0, 0.5, 1]


def test_distance_is_the_integral_of_the_pace() -> None:
    halting = belt(halts=(Halt(10, 14),))
    times_s = np.linspace(0, 20, 20_001)
    paces = np.array([halting.pace(float(time_s)) for time_s in times_s])
    assert halting.traveled_m(20) == pytest.approx(0.5 * np.trapezoid(paces, times_s), abs=1e-3)


def test_belt_with_negative_speed_moves_items_to_the_left() -> None:
    plan = make_plan((belt(speed=-0.5),), 20, 5)
    item = plan.present(5)[0]
    assert plan.center_m(item, 6)[0] == pytest.approx(plan.center_m(item, 5)[0] - 0.5)


def test_box_encloses_the_projected_item_within_the_image() -> None:
    for one in (one for time_s in (10.0, 30.0, 50.0) for one in seen_at(sample_setting(), time_s)):
        left, top, right, bottom = one.xyxy
        assert 0 <= left <= right <= 1280
        assert 0 <= top <= bottom <= 720
        assert 0 < one.share <= 1


def test_item_under_the_bridge_is_less_visible_than_one_next_to_it() -> None:
    setting = sample_setting()
    shares: dict[int, list[float]] = {}
    for time_s in np.arange(8, 24, 0.5):
        for one in seen_at(setting, float(time_s)):
            whole = one.xyxy[0] > 5 and one.xyxy[2] < 1275
            shares.setdefault(one.item.number, []).extend([one.share] if whole else [])
    dips = [max(seen) - min(seen) for seen in shares.values() if len(seen) > 10]
    assert np.median(dips) > 0.1


def test_training_scenes_vary_every_parameter() -> None:
    one, other = training_setting(1000), training_setting(1001)
    assert one.camera != other.camera
    assert one.sky != other.sky
    assert one.gantry_m != other.gantry_m
    assert one.plan.items[0] != other.plan.items[0]
