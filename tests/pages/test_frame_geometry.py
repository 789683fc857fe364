"""What the Analytics page and the card of a video say where the shown frame differs from the stored one."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from av.video.reformatter import ColorTrc
from streamlit.testing.v1 import AppTest

from frametally.deployment import Deployment
from frametally.library.library import Library
from tests.support.geometry_videos import scene_image, write_hdr, write_oriented, write_resized
from tests.support.pages import OpenPage, captions, dataframe, open_link
from tests.support.results_files import box, entry, finished_job, offsets
from tests.support.video_files import cut

STORED = {"width": 160, "height": 96}
CORNER = box("corner", 0.9, x=10.0, y=8.0, width=20.0, height=16.0)


def test_detections_of_an_unrotated_picture_are_rotated_and_said_to_be(
    open_page: OpenPage, deployment: Deployment, tmp_path: Path
) -> None:
    video = write_oriented(tmp_path / "video.mp4", scene_image(160, 96), rotation_deg=270)
    finished_job(deployment, video, {**offsets(1), "kitchen": [{**entry(CORNER), "image": STORED}]})
    app = open_page("analytics")
    assert "without rotating it" in captions(app)
    # The stored box from (0, 0) to (20, 16), clockwise in a picture 96 wide.
    row = dataframe(app, "x min").iloc[0]
    assert [row[name] for name in ("x min", "y min", "x max", "y max")] == [80, 0, 96, 20]


def test_a_service_that_rotated_the_picture_is_not_corrected(
    open_page: OpenPage, deployment: Deployment, tmp_path: Path
) -> None:
    video = write_oriented(tmp_path / "video.mp4", scene_image(160, 96), rotation_deg=270)
    upright = {"width": 96, "height": 160}
    finished_job(deployment, video, {**offsets(1), "kitchen": [{**entry(CORNER), "image": upright}]})
    app = open_page("analytics")
    assert "without rotating it" not in captions(app)
    assert dataframe(app, "x min").iloc[0]["x min"] == 0


def test_hdr_is_named_where_it_is_converted(open_page: OpenPage, deployment: Deployment, tmp_path: Path) -> None:
    video = write_hdr(tmp_path / "hdr.mp4", ColorTrc.ARIB_STD_B67)
    finished_job(deployment, video, {**offsets(1), "kitchen": [entry()]})
    assert "The model analyzed the unconverted frame" in captions(open_page("analytics"))


def test_pictures_that_change_size_are_named_at_the_export(deployment: Deployment, tmp_path: Path) -> None:
    video = write_resized(tmp_path / "resized.webm", [(160, 96), (80, 48)], frames_each=4)
    sizes = [STORED, STORED, {"width": 80, "height": 48}]
    found = {**offsets(3), "kitchen": [{**entry(), "image": size} for size in sizes]}
    finished_job(deployment, video, found)
    assert "pictures of this video change size" in captions(open_link(job="job-1", section="Export"))


def card_script(folder: str, sha256: str) -> None:
    from pathlib import Path

    from components.video_card import video_card
    from frametally.library.library import Library

    video = Library(Path(folder), max_video_bytes=2**20).get(sha256)
    assert video
    video_card(video)


def test_the_card_of_a_video_names_mirroring_and_the_shown_size(tmp_path: Path) -> None:
    path = write_oriented(
        tmp_path / "video.mp4", scene_image(72, 58), rotation_deg=90, mirrors_x=True, pixel_aspect=Fraction(64, 45)
    )
    sha256 = Library(tmp_path / "media", max_video_bytes=2**20).add(path, actor=None).sha256
    app = AppTest.from_function(card_script, args=(str(tmp_path / "media"), sha256), default_timeout=30).run()
    assert not app.exception
    assert "58 × 72 px · shown as 58 × 102 · mirrored · rotated by" in app.caption[0].value


def test_the_card_of_a_video_says_where_a_file_is_cut_short(tmp_path: Path, small_video: Path) -> None:
    library = Library(tmp_path / "media", max_video_bytes=2**20)
    said = []
    for path in (cut(small_video, tmp_path / "cut.mp4", 0.6), small_video):
        sha256 = library.add(path, actor=None).sha256
        app = AppTest.from_function(card_script, args=(str(tmp_path / "media"), sha256), default_timeout=30).run()
        said.append([caption.value for caption in app.caption[1:]])
    assert said[0][0].startswith(":material/warning: The file is cut short: its frames end at 0:0")
    assert said[1:] == [[]]
