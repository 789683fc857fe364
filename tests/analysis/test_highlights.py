"""The numbers at the top of a view, compared with plain loops."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.counts import count
from frametally.analysis.highlights import DEFINITIONS, Highlights, Stretch, highlights
from frametally.analysis.totals import totals
from frametally.analysis.view import View
from tests.support.opened_results import box, boxes_per_entry, entry, opened, random_entries

CAR, TRUCK = box("car"), box("truck", 0.5)


def found(view: View) -> Highlights | None:
    return highlights(view, count(view), totals(view))


def test_highlights_of_a_short_video(tmp_path: Path) -> None:
    frames = [entry(CAR), entry(TRUCK, TRUCK), None, entry(CAR, CAR, CAR), entry(), None, None, None, None, None]
    view = View(opened(tmp_path, cars=[*frames, *[entry()] * 10]), "cars", 0.3)
    assert found(view) == Highlights(3, "car", Stretch(0.0, 1.0, 6 / 4), 6 / 14, 2)
    assert len(DEFINITIONS) == len(Highlights.__dataclass_fields__) - 1


def test_a_class_that_is_not_shown_does_not_count(tmp_path: Path) -> None:
    view = View(opened(tmp_path, cars=[entry(CAR), entry(TRUCK, TRUCK)]), "cars", 0.3, ClassMapping(shown=("car",)))
    result = found(view)
    assert result is not None
    assert (result.peak, result.peak_class, result.mean, result.classes) == (1, "car", 0.5, 1)


def test_without_detections_there_is_no_busiest_stretch(tmp_path: Path) -> None:
    view = View(opened(tmp_path, cars=[entry(CAR)] + [entry()] * 60), "cars", 0.95)
    result = found(view)
    assert result is not None
    assert (result.peak, result.busiest, result.mean, result.classes) == (0, None, 0.0, 0)


def test_without_analyzed_frames_there_are_no_highlights(tmp_path: Path) -> None:
    assert found(View(opened(tmp_path, cars=[None, None], more=[entry(CAR), None]), "cars", 0.3)) is None


@pytest.mark.parametrize(("seed", "entries", "stretches"), [(1, 40, 8), (2, 150, 3), (3, 399, 8), (4, 1700, 34)])
def test_highlights_equal_a_plain_loop(tmp_path: Path, seed: int, entries: int, stretches: int) -> None:
    frames = random_entries(seed, entries)
    view = View(opened(tmp_path, cars=frames), "cars", 0.4)
    result = found(view)
    assert result is not None
    assert result.busiest is not None
    per_entry = boxes_per_entry(frames, 0.4, "abc")
    known = [at for at, frame in enumerate(frames) if frame is not None]
    assert result.mean == pytest.approx(sum(per_entry) / len(known))
    assert result.peak == max(max(boxes_per_entry(frames, 0.4, name)) for name in "abc")
    end_s = result.busiest.last_s + (0.2 if result.busiest.last_s == round((entries - 1) / 5, 4) else 0)
    inside = [at for at in known if result.busiest.first_s <= round(at / 5, 4) < end_s]
    assert result.busiest.mean == pytest.approx(sum(per_entry[at] for at in inside) / len(inside))
    points = count(view)
    edges = [at * len(points.starts) // stretches for at in range(stretches + 1)]
    means = [points.boxes[a:b].sum() / points.analyzed[a:b].sum() for a, b in pairwise(edges)]
    assert result.busiest.mean == max(means)
