"""Several videos on the Upload page: their preview and their jobs."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from components.upload import videos
from frametally.deployment import Deployment
from frametally.job import EMBEDDED, JobStatus, ModelChoice
from frametally.ledger.presets import Preset
from frametally.ledger.region_sets import NEW, jobs_of, save
from frametally.ledger.tags import all_tags
from tests.support.pages import OpenPage, dataframe
from tests.support.video_files import write_video

LIST = "https://host/a.mp4\nnonsense\nhttps://host/b.mp4\nhttps://host/a.mp4"


def opened_for_urls(open_page: OpenPage) -> AppTest:
    app = open_page("upload")
    return app.segmented_control(key="upload_way").set_value("Public URLs").run()


def test_a_list_is_previewed_before_any_job_is_created(
    engine: str, open_page: OpenPage, deployment: Deployment
) -> None:
    app = opened_for_urls(open_page)
    app.text_area(key="video_urls_0").set_value(LIST).run()
    assert app.warning[0].value == "2 of 4 will be skipped."
    table = dataframe(app, "Reason skipped")
    assert table["Line"].tolist() == [2, 4, 1, 3]
    assert [bool(reason) for reason in table["Reason skipped"]] == [True, True, False, False]
    assert "line 1" in table["Reason skipped"][1]
    assert app.button(key="run_several_0").label == "Run 2 videos"
    assert deployment.ledger.jobs() == []


def test_valid_lines_become_jobs_with_one_tag_and_the_list_is_emptied(
    engine: str, open_page: OpenPage, deployment: Deployment
) -> None:
    save(deployment.ledger, "Dock 3", "{}", based_on=NEW, actor=None)
    app = opened_for_urls(open_page)
    app.text_area(key="video_urls_0").set_value(LIST).run()
    app.selectbox(key="upload_camera").select("Dock 3").run()
    app.text_input(key="batch_tag").set_value("week 9").run()
    app.button(key="run_several_0").click().run()
    jobs = deployment.ledger.jobs()
    assert sorted(job.video_url or "" for job in jobs) == ["https://host/a.mp4", "https://host/b.mp4"]
    assert {(job.status, job.service, job.infer_fps) for job in jobs} == {(JobStatus.CREATED, EMBEDDED, 1.0)}
    assert all_tags(deployment.ledger) == {job.id: ["week 9"] for job in jobs}
    assert jobs_of(deployment.ledger, "Dock 3") == sorted(job.id for job in jobs)
    assert app.success[0].value == "2 jobs started, tagged week 9."
    assert app.text_area(key="video_urls_1").value == ""


def test_a_list_without_a_valid_line_cannot_be_run(engine: str, open_page: OpenPage, deployment: Deployment) -> None:
    app = opened_for_urls(open_page)
    app.text_area(key="video_urls_0").set_value("nonsense\nmore of it").run()
    assert app.button(key="run_several_0").disabled


def test_a_list_that_is_too_long_is_refused(engine: str, open_page: OpenPage, deployment: Deployment) -> None:
    app = opened_for_urls(open_page)
    app.text_area(key="video_urls_0").set_value("https://host/a.mp4\n" * 1001).run()
    assert "at most 1,000 lines" in app.error[0].value


def test_files_with_too_low_a_frame_rate_are_skipped(
    engine: str,
    open_page: OpenPage,
    deployment: Deployment,
    small_video: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_video(tmp_path / "slow.mp4", frames=8, fps=2)
    known = [deployment.library.add(path, actor=None).sha256 for path in (small_video, tmp_path / "slow.mp4")]
    monkeypatch.setattr(videos, "video_uploader", lambda *_, **__: known)  # as reported by the browser
    app = open_page("upload")
    app.number_input(key="batch_rate_free").set_value(5).run()
    assert app.button(key="run_several_0").label == "Run 1 video"
    (warning,) = [each.value for each in app.warning]
    assert warning.startswith("1 of 2 will be skipped.\n\n- **slow.mp4**: ")
    assert "2 frames per second" in warning
    app.button(key="run_several_0").click().run()
    (job,) = deployment.ledger.jobs()
    assert (job.video_sha256, job.infer_fps, job.frames) == (known[0], 5.0, 20)


def test_mov_and_ts_files_are_converted_together(
    engine: str, open_page: OpenPage, deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("a.mov", "b.ts", "c.mp4")
    for name in names:
        write_video(tmp_path / name, frames=12 + ord(name[0]) % 10, fps=10)
    known = [deployment.library.add(tmp_path / name, actor=None).sha256 for name in names]
    monkeypatch.setattr(videos, "video_uploader", lambda *_, **__: known)  # as reported by the browser
    app = open_page("upload")
    assert app.button(key="run_several_0").label == "Run 1 video"
    next(button for button in app.button if button.label == "Convert 2 files to MP4").click().run()
    assert not app.exception
    assert app.button(key="run_several_0").label == "Run 3 videos"
    app.button(key="run_several_0").click().run()
    assert [job.video_name for job in deployment.ledger.jobs()] == ["a.mp4", "b.mp4", "c.mp4"]
    assert picked_files(app) == []  # the converted ones have been run


def test_the_rates_of_the_files_are_known(
    engine: str, open_page: OpenPage, deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, frames in (("a", 12), ("b", 17)):
        write_video(tmp_path / f"{name}.mp4", frames=frames, fps=10)
    known = [deployment.library.add(tmp_path / f"{name}.mp4", actor=None).sha256 for name in ("a", "b")]
    monkeypatch.setattr(videos, "video_uploader", lambda *_, **__: known)  # as reported by the browser
    app = open_page("upload")
    rates = app.selectbox(key="batch_rate_step")
    assert rates.options[:2] == ["10 fps · every frame · 29 frames", "5 fps · every 2nd frame · 15 frames"]
    rates.set_value(1).run()
    app.button(key="run_several_0").click().run()
    assert [(job.infer_fps, job.frames) for job in deployment.ledger.jobs()] == [(10.0, 12), (10.0, 17)]


def test_expired_links_are_skipped_and_a_missing_model_blocks_the_batch(
    engine: str, open_page: OpenPage, deployment: Deployment
) -> None:
    soon, ended = (
        f"https://host/{at}.mp4?Expires={at}&Signature=s3cret" for at in (int(time.time()) + 3600, 1_700_000_000)
    )
    app = opened_for_urls(open_page)
    app.text_area(key="video_urls_0").set_value("\n".join([soon, ended, "https://host/a.mp4"])).run()
    table = dataframe(app, "Reason skipped")
    assert table["Line"].tolist() == [2, 1, 3]
    assert "2023-11-14" in table["Reason skipped"][0]
    assert "expires in" in table["Warning"][1]
    assert "s3cret" not in str(table)
    assert app.button(key="run_several_0").label == "Run 2 videos"
    deployment.ledger.presets.save(Preset(name="Dock", model=ModelChoice(model_id="forklifts", version="7")))
    app.run()
    app.multiselect(key="upload_models").set_value(["Dock · forklifts/7"]).run()
    assert "forklifts/7 is not installed" in app.error[0].value
    assert app.button(key="run_several_0").disabled


def test_files_of_an_earlier_batch_are_not_preselected(
    engine: str, open_page: OpenPage, deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        write_video(tmp_path / f"{name}.mp4", frames=12 + ord(name) % 10, fps=10)
    known = [deployment.library.add(tmp_path / f"{name}.mp4", actor=None).sha256 for name in ("a", "b")]
    monkeypatch.setattr(videos, "video_uploader", lambda *_, **__: known)  # as reported by the browser
    app = open_page("upload")
    app.button(key="run_several_0").click().run()
    assert len(deployment.ledger.jobs()) == 2
    assert picked_files(app) == []
    assert not [button for button in app.button if button.key and button.key.startswith("run_several")]
    known.append(deployment.library.add(tmp_path / "c.mp4", actor=None).sha256)
    app.run()
    assert picked_files(app) == known[2:]
    app.button(key="run").click().run()
    assert [job.video_name for job in deployment.ledger.jobs()].count("c.mp4") == 1
    assert len(deployment.ledger.jobs()) == 3


def test_one_of_several_files_is_run_alone(
    engine: str, open_page: OpenPage, deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, frames in (("a", 12), ("b", 17)):
        write_video(tmp_path / f"{name}.mp4", frames=frames, fps=10)
    known = [deployment.library.add(tmp_path / f"{name}.mp4", actor=None).sha256 for name in ("a", "b")]
    monkeypatch.setattr(videos, "video_uploader", lambda *_, **__: known)  # as reported by the browser
    app = open_page("upload")
    assert app.button(key="run_several_0").label == "Run 2 videos"
    chosen = next(box for box in app.multiselect if box.label == "Videos to run")
    chosen.set_value(known[1:]).run()
    assert app.button(key="run").label == "Run analysis"
    app.button(key="run").click().run()
    (job,) = deployment.ledger.jobs()
    assert (job.video_name, job.frames) == ("b.mp4", 9)


def test_the_second_click_of_a_double_click_finds_another_button(engine: str, open_page: OpenPage) -> None:
    app = opened_for_urls(open_page)
    app.text_area(key="video_urls_0").set_value(LIST).run()
    app.button(key="run_several_0").click().run()
    assert app.text_area(key="video_urls_1").value == ""
    assert not [area for area in app.text_area if area.key == "video_urls_0"]


def picked_files(app: AppTest) -> list[str]:
    return list(next(box.value for box in app.multiselect if box.label == "Videos to run"))
