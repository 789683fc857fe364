"""Chosen classes are blurred in the pixels of every picture."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from frametally.analysis.view import View
from frametally.errors import ViewError
from frametally.reports.blur.boxes import Blurring
from frametally.reports.blur.pixels import blur
from frametally.reports.brief import Brief
from frametally.reports.making import make_brief
from frametally.reports.request import BriefRequest, Evidence
from frametally.reports.sources import BriefNote, BriefSources, BriefVideo
from frametally.results import Results
from tests.support.briefs import MADE_AT, brief_of, noise_video
from tests.support.opened_results import Entry, box, entry, opened

FACE = (320, 180, 80, 80)
PERSON = (320, 220, 160, 260)
ENTRIES: list[Any] = [
    entry(box("face", 0.9, FACE), box("person", 0.9, PERSON)),
    entry(box("face", 0.03, FACE), box("person", 0.9, PERSON)),
    entry(box("person", 0.9, PERSON)),
    entry(box("face", 0.9, FACE), box("person", 0.9, PERSON)),
    None,
    entry(box("car", 0.9, (60, 60, 40, 40))),
]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> BriefVideo:
    return noise_video(tmp_path_factory.mktemp("video") / "noise.mp4", len(ENTRIES))


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """A face that is found, found with little confidence, missed, found; a frame that was not analyzed; no face."""
    return replace(opened(tmp_path, model=ENTRIES), frame_index=np.arange(len(ENTRIES)))


def pictures(brief: Brief) -> dict[int, Any]:
    """By entry, in gray."""
    content = {file.name: np.frombuffer(file.content, np.uint8) for file in brief.files if "webp" in file.media_type}
    names = {frame.entry: frame.pictures[0].file for frame in brief.facts.evidence if frame.pictures[0].file}
    return {at: cv2.imdecode(content[name], cv2.IMREAD_GRAYSCALE) for at, name in names.items()}


def detail(picture: Any, xywh: tuple[int, int, int, int]) -> float:
    """How much neighboring pixels differ in the middle of a box."""
    scale = picture.shape[1] / 640
    x, y, width, height = (round(side * scale) for side in xywh)
    inner = picture[y - height // 3 : y + height // 3, x - width // 3 : x + width // 3].astype(float)
    return float(np.abs(np.diff(inner, axis=1)).mean())


def brief(results: Results, video: BriefVideo, **request: Any) -> Brief:
    return brief_of(results, video=video, view={"shown": ("car",)}, evidence=(Evidence.ENDS,), every_s=0.2, **request)


def test_a_face_is_blurred_at_every_confidence_and_where_a_neighbor_has_it(results: Results, video: BriefVideo) -> None:
    plain, blurred = (pictures(brief(results, video, blurred=names)) for names in ((), ("face",)))
    assert sorted(blurred) == [0, 1, 2, 3, 5]
    for at in (0, 1, 2, 3, 5):
        assert detail(plain[at], FACE) > 8
    for at in (0, 1, 2, 3):
        assert detail(blurred[at], FACE) < 2
    assert detail(blurred[0], (100, 300, 80, 80)) == pytest.approx(detail(plain[0], (100, 300, 80, 80)), rel=0.2)
    assert detail(blurred[0], (320, 320, 60, 40)) > 8  # the person below the face


def test_whole_persons_are_blurred_on_request(results: Results, video: BriefVideo) -> None:
    found = pictures(brief(results, video, blurred=("face",), blurs_whole_persons=True))
    assert detail(found[0], (320, 320, 60, 40)) < 2


def test_frames_that_may_lack_one_are_named_and_unknown_frames_are_not_shown(
    results: Results, video: BriefVideo
) -> None:
    from frametally.analysis.view_spec import ViewSpec

    sources = BriefSources(results=results, video=video, notes=(BriefNote(entry=4, time_s=0.8, text="here"),))
    request = BriefRequest(view=ViewSpec(job_ids=("job",)), every_s=0.2, blurred=("face",))
    facts = make_brief(sources, request, made_by="", made_at=MADE_AT).facts
    assert "In frames 2, 5 of the video" in facts.limits[1]
    (unknown,) = [frame for frame in facts.evidence if frame.entry == 4]
    assert unknown.pictures[0].file == ""
    assert "nothing in it could be blurred" in unknown.why_no_picture


def test_clips_are_blurred_on_the_way_between_analyzed_frames(tmp_path: Path) -> None:
    results = opened(tmp_path, model=[entry(box("face", 0.9, (100 + 60 * at, 180, 80, 80))) for at in range(4)])
    found = Blurring(View(results, "model", 0.25), ("face",)).between(1)
    assert found.is_known
    assert not found.may_lack
    widest = found.xyxy[np.argmax(found.xyxy[:, 2] - found.xyxy[:, 0])]
    assert widest.tolist() == [120, 140, 260, 220]


@pytest.mark.parametrize(("fps", "is_known"), [(1000 / 1001, True), (0.5, False)])
def test_what_is_far_between_analyzed_frames_is_not_known(tmp_path: Path, fps: float, is_known: bool) -> None:
    results = opened(tmp_path, fps=fps, model=[entry(box("face", 0.9, FACE))] * 3)
    found = Blurring(View(results, "model", 0.25), ("face",))
    assert found.at(0).is_known
    assert found.between(0).is_known == is_known


def test_a_blurred_clip_ends_with_the_last_analyzed_frame(video: BriefVideo, tmp_path: Path) -> None:
    results = opened(tmp_path, model=[entry(box("face", 0.9, FACE))] * 3)
    results = replace(results, frame_index=np.arange(3))
    for blurred, frames in (((), len(ENTRIES)), (("face",), 3)):
        found = brief_of(results, video=video, evidence=(Evidence.ENDS,), has_clips=True, blurred=blurred)
        clip = next(file.content for file in found.files if "mp4" in file.name)
        with av.open(io.BytesIO(clip), "r") as container:
            assert len(list(container.decode(video=0))) == frames


@pytest.mark.parametrize(("middle", "frames"), [(None, [0, 1, 2]), (entry(), [1, 0, 2])])
def test_a_clip_that_cannot_be_blurred_is_left_out_and_stated(
    video: BriefVideo, tmp_path: Path, middle: Entry, frames: list[int]
) -> None:
    results = opened(tmp_path, model=[entry(box("face", 0.9, FACE)), middle, entry(box("face", 0.9, FACE))])
    results = replace(results, frame_index=np.array(frames))
    found = brief_of(results, video=video, evidence=(Evidence.ENDS,), has_clips=True, blurred=("face",))
    assert not [file for file in found.files if "mp4" in file.name]
    assert "2 clips left out: not everything in them could be blurred." in found.facts.evidence_note


def test_a_class_that_no_model_has_is_refused(results: Results, video: BriefVideo) -> None:
    with pytest.raises(ViewError, match="class hat"):
        brief(results, video, blurred=("hat",))


def test_little_is_left_of_what_is_blurred() -> None:
    image = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    before = image.copy()
    blur(image, np.array([[100.0, 50, 200, 150], [-50, -50, 20, 20], [290, 190, 900, 900], [400, 400, 500, 500]]))
    assert np.array_equal(image[60:140, :80][:, 40:], before[60:140, :80][:, 40:])
    assert np.abs(np.diff(image[60:140, 110:190].astype(int), axis=1)).max() < 8
    assert image[:20, :20].std() < before[:20, :20].std() / 3
