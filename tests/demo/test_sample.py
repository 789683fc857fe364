"""The committed sample: its clip is playable, and its ground truth is that of the renderer."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import av
import numpy as np
import pytest

from demo.evaluate import CLIP, TRUTH
from demo.plan import CLASSES
from demo.render import pictures
from demo.settings import FPS, SAMPLE_SECONDS, sample_setting
from demo.truth import Seen, counts_at, crossings, line_px, seen_at
from tests.support.soak import shortened

PER_SECOND = 2
"""No item crosses back, and each item counts for more than 0.5 s."""


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(TRUTH.read_text())
    return stored


def frames() -> list[list[Seen]]:
    """What the plan shows at every half second of the clip."""
    setting = sample_setting()
    return [seen_at(setting, number / PER_SECOND) for number in range(SAMPLE_SECONDS * PER_SECOND)]


def test_clip_is_small_and_playable_in_browsers() -> None:
    assert CLIP.stat().st_size <= 8_000_000
    with av.open(str(CLIP)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (context.name, context.pix_fmt, context.width, context.height) == ("h264", "yuv420p", 1280, 720)
        assert stream.frames == SAMPLE_SECONDS * FPS
        assert stream.average_rate == FPS
        assert 60 <= (container.duration or 0) / av.time_base <= 90
    head = CLIP.read_bytes()[:4096]
    assert 0 < head.find(b"moov") < 4096, "the container index must come first, for playback during the download"


def test_truth_belongs_to_the_clip(truth: dict[str, Any]) -> None:
    assert truth["sha256"] == hashlib.sha256(CLIP.read_bytes()).hexdigest()
    assert (truth["fps"], truth["frames"], truth["width"], truth["height"]) == (FPS, SAMPLE_SECONDS * FPS, 1280, 720)


@pytest.mark.parametrize("every_s", shortened([1, 6], [6]))
def test_counts_match_the_plan(truth: dict[str, Any], every_s: int) -> None:
    assert truth["seed"] == sample_setting().seed
    planned = [counts_at(seen_at(sample_setting(), float(second))) for second in range(0, SAMPLE_SECONDS, every_s)]
    stored = [truth["counts_per_second"][name][::every_s] for name in CLASSES]
    assert np.array(stored).T.tolist() == planned


@pytest.mark.soak  # `make test` counts crossings and objects of the rush: tests/tracking/test_demo.py
def test_crossings_and_unique_objects_match_the_plan(truth: dict[str, Any]) -> None:
    every_half_second = frames()
    start, end = line_px(sample_setting())
    assert (truth["line"]["start"], truth["line"]["end"]) == (
        pytest.approx(start, abs=0.1),
        pytest.approx(end, abs=0.1),
    )
    passed = list(crossings(every_half_second, start, end))
    for name in CLASSES:
        assert {way: passed.count((name, way)) for way in ("right", "left")} == pytest.approx(
            truth["crossings"][name], abs=1
        )
        numbers = {
            one.item.number
            for frame in every_half_second
            for one in frame
            if one.counts and one.item.class_name == name
        }
        assert len(numbers) == pytest.approx(truth["unique_objects"][name], abs=1)


def test_counts_have_rushes_and_a_lull(truth: dict[str, Any]) -> None:
    per_second = truth["counts_per_second"]
    boxes, soft = np.array(per_second["box"]), np.array(per_second["bag"]) + per_second["envelope"]
    assert boxes[14:26].mean() > 2 * boxes[36:44].mean()
    assert soft[50:62].mean() > 2 * soft[30:40].mean()


@pytest.mark.soak  # `make test` compares the checksum of the clip with that of its truth
def test_rendered_frame_equals_the_frame_of_the_clip() -> None:
    rendered = next(pictures(sample_setting(), 1))
    with av.open(str(CLIP)) as container:
        decoded = next(container.decode(video=0)).to_ndarray(format="bgr24")
    difference = np.abs(rendered.astype(int) - decoded).mean()
    assert difference < 6
    assert np.abs(rendered[:, ::-1].astype(int) - decoded).mean() > 3 * difference
