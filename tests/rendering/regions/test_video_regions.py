"""Lines and zones in annotated videos: where they are, and what they have counted so far."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frametally.analysis.view_spec import ViewSpec
from frametally.rendering import video_encoder
from frametally.rendering.annotate import draw
from frametally.rendering.regions.running_counts import RunningCounts
from frametally.rendering.regions.shown_region import ShownRegion
from frametally.rendering.scene import Scene
from frametally.rendering.video_export import VideoSpec
from frametally.tracking.tracks import Tracks
from frametally.video.decoding import Image
from tests.support.geometry_videos import scene_image, write_oriented
from tests.support.square_regions import SET
from tests.support.videos import archived, box

LINE = ShownRegion(((0.25, 0.5), (0.75, 0.5)), is_zone=False, color="#0000ff", name="Gate", count="in 3 · out 1")
ZONE = ShownRegion(((0.1, 0.1), (0.9, 0.1), (0.9, 0.9)), is_zone=True, color="#ff0000", name="Dock", count="2 inside")


def drawn(*regions: ShownRegion) -> Image:
    scene = Scene(xyxy=np.zeros((0, 4), np.float32), class_names=(), confidence=np.zeros(0), regions=regions)
    assert scene.is_opaque
    assert not scene.is_blank
    return draw(np.full((400, 800, 3), 128, np.uint8), scene, {})


def test_a_line_is_where_it_was_drawn_and_its_arrow_points_to_in() -> None:
    picture = drawn(LINE)
    blue = (picture == (255, 0, 0)).all(axis=2)
    assert blue[200, 250]
    assert blue[212, 400], "the arrow, below an arrow to the right"
    assert not blue[200, 100]
    assert blue[:196].sum() > 500, "the plate, on the other side"


def test_a_zone_is_closed() -> None:
    red = (drawn(ZONE) == (0, 0, 255)).all(axis=2)
    assert red[200, 400], "from the last corner to the first"
    assert red[40, 200]


@pytest.mark.parametrize("at", [((0.0, 0.0), (1.0, 0.0)), ((1.0, 1.0), (0.0, 1.0)), ((-2.0, 3.0), (0.5, 0.5))])
def test_a_line_at_the_edge_can_be_drawn(at: tuple[tuple[float, float], tuple[float, float]]) -> None:
    assert drawn(ShownRegion(at, is_zone=False, color="#0000ff", name="Gate", count="")).shape == (400, 800, 3)


def test_a_video_with_lines_is_another_file(tmp_path: Path) -> None:
    spec = VideoSpec(video="v", results=str(tmp_path), view=ViewSpec(job_ids=("j",)), colors={})
    with_regions = VideoSpec(video="v", results=str(tmp_path), view=ViewSpec(job_ids=("j",)), colors={}, regions="{}")
    assert spec.path != with_regions.path


def test_an_annotated_video_counts_on_the_upright_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[Tracks] = []

    def counts(tracks: Tracks, *rest: Any) -> RunningCounts:
        counted.append(tracks)
        return RunningCounts(tracks, *rest)

    monkeypatch.setattr(video_encoder, "RunningCounts", counts)
    path = write_oriented(tmp_path / "video.mp4", scene_image(160, 96), rotation_deg=270, frames=6)
    image = {"width": 160, "height": 96}
    entries = [{"image": image, "predictions": [box(20 + 4 * at, 30, 40, 20)]} for at in range(6)]
    spec = VideoSpec(
        video=str(path),
        results=str(archived(tmp_path, entries)),
        view=ViewSpec(job_ids=("job-1",), model="model", confidence=0.0),
        colors={"square": "#ff0000", "corner": "#ff0000"},
        regions=json.dumps(SET),
    )
    video_encoder.make_video(spec, tmp_path / "made.mp4", lambda _: None)
    assert [(tracks.size_px, tracks.xyxy[0].tolist()) for tracks in counted] == [((96, 160), [56, 0, 76, 40])]
