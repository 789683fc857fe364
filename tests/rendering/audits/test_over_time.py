"""Corrected counts over time: from all frames, they are what was seen; from few, there is one part."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from msgspec.structs import replace

from frametally.analysis.view import View
from frametally.audit.seen import Seen, SeenCount
from frametally.rendering.audits.audited_view import AuditedView
from frametally.rendering.audits.over_time import over_time
from tests.support.checked_samples import audited_view, checked_sample, numbered_index
from tests.support.opened_results import opened, random_entries

ENTRIES = 60


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> AuditedView:
    folder = tmp_path_factory.mktemp("audited")
    view = View(opened(folder, fps=30, cars=random_entries(4, ENTRIES)), "cars", 0.25)
    return audited_view(view, numbered_index(folder, ENTRIES))


def test_parts_of_which_every_frame_was_checked_have_the_mean_of_what_was_seen(audited: AuditedView) -> None:
    everything = len(audited.times)
    parts = over_time(checked_sample(audited, everything, everything))
    assert len(parts) > 1
    assert [sum(frames) for frames in zip(*(part.frames for part in parts), strict=True)] == [everything] * 3
    time_s = audited.view.results.time_s[audited.entries]
    for part in parts:
        inside = np.flatnonzero((time_s >= part.start_s) & (time_s < part.end_s))
        for mean in part.means:
            assert mean
            assert mean.corrected == pytest.approx((inside % 7).mean())
            assert mean.interval == pytest.approx((mean.corrected, mean.corrected))
    assert [part.end_s for part in parts[:-1]] == [part.start_s for part in parts[1:]]


def test_few_checked_frames_speak_of_the_whole_time_range_and_none_of_nothing(audited: AuditedView) -> None:
    (part,) = over_time(checked_sample(audited, 10, 10))
    assert part.frames == [10] * 3
    assert over_time(checked_sample(audited, 10, 0)) == []
    (few,) = over_time(checked_sample(audited, 10, 3))
    assert few.means == [None] * 3
    usual, wider = (over_time(checked_sample(audited, planned, 15))[0].means[0] for planned in (15, 10))
    assert usual
    assert wider
    assert wider.interval.low <= usual.interval.low <= usual.interval.high < wider.interval.high


def test_a_part_has_enough_checked_frames_of_each_class_that_was_asked_about(audited: AuditedView) -> None:
    sample = checked_sample(audited, 40, 40)
    first = Seen(audited.groups[:1], counts=(SeenCount(0, 2),))
    checks = [replace(check, seen=first.to_json()) if at >= 12 else check for at, check in enumerate(sample.checks)]
    (part,) = over_time(dataclasses.replace(sample, checks=checks))
    assert part.frames == [40, 12, 12]
    assert all(part.means)
    only_first = [replace(check, seen=first.to_json()) for check in sample.checks]
    parts = over_time(dataclasses.replace(sample, checks=only_first))
    assert len(parts) > 1
    assert [part.means[1:] for part in parts] == [[None, None]] * len(parts)
