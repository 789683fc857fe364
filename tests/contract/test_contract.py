"""One suite for the fake service and for our engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests

from frametally.client.messages import NotFound
from frametally.contract import STATUS_FLOOR_S, UPLOAD_URL_PATH, VIDEO_INFER_PATH, ModelRequest, StatusReport
from frametally.errors import BadRequest, LinkExpired, Unauthorized
from tests.support.contract_sides import Service
from tests.support.polling import until

MOTION = ModelRequest("motion", "1")


def finish(service: Service, job_id: str) -> StatusReport:
    """Poll at the interval that the contract allows until the job has ended."""
    client = service.client()

    def ended() -> StatusReport | None:
        answer = client.get_status(job_id)
        if not answer.report.is_pending:
            return answer.report
        service.wait(STATUS_FLOOR_S if answer.retry_after_s is None else answer.retry_after_s)
        return None

    report: StatusReport = until(ended)
    return report


def uploaded(service: Service, video: Path) -> str:
    url = service.client().request_upload_url(video.name)
    service.client().upload(video, url)
    return url


def test_workspace_of_the_key_is_returned(service: Service) -> None:
    assert service.client().open_workspace()


@pytest.mark.parametrize("key", ["wrong", ""])
def test_wrong_key_is_refused(service: Service, key: str) -> None:
    client = service.client(key)
    with pytest.raises(Unauthorized):
        client.open_workspace()
    with pytest.raises(Unauthorized):
        client.request_upload_url("v.mp4")
    with pytest.raises(Unauthorized):
        client.get_status("j1")


def test_uploaded_video_is_analyzed(service: Service, small_video: Path, tmp_path: Path) -> None:
    url = uploaded(service, small_video)
    job_id = service.client().start_job(input_url=url, infer_fps=5, models=[MOTION])
    report = finish(service, job_id)
    assert report.is_done, report.reason
    service.client().download_results(report.output_signed_url or "", tmp_path / "results.json")
    results = json.loads((tmp_path / "results.json").read_text())
    assert {"frame_offset", "time_offset", "motion"} <= set(results)
    assert {len(entries) for entries in results.values()} == {20}
    assert results["frame_offset"] == list(range(0, 40, 2))


@pytest.mark.parametrize("ending", ["", "/"])
def test_trailing_slash_is_optional(service: Service, ending: str) -> None:
    query = {"api_key": service.key}
    link = requests.post(
        service.url + UPLOAD_URL_PATH.rstrip("/") + ending, params=query, json={"file_name": "v.mp4"}, timeout=10
    )
    assert (link.status_code, link.history) == (200, [])
    status = requests.get(
        service.url + VIDEO_INFER_PATH.rstrip("/") + ending, params={**query, "job_id": "none"}, timeout=10
    )
    assert (status.status_code, status.history) == (404, [])


def test_signed_link_has_the_lifetime_parameter_of_the_vendor(service: Service) -> None:
    url = service.client().request_upload_url("v.mp4")
    assert len(url.split("&X-Goog-Expires")) == 2


def test_link_with_an_invalid_signature_is_refused(service: Service, small_video: Path) -> None:
    path, _, query = service.client().request_upload_url("v.mp4").partition("?")
    with pytest.raises(LinkExpired):
        service.client().upload(small_video, f"{path}x?{query}")


def test_unknown_job_is_not_found(service: Service) -> None:
    with pytest.raises(BadRequest, match=r"404 Not Found: .*job"):
        service.client().get_status("00000000-0000-0000-0000-000000000000")


@pytest.mark.parametrize("infer_fps", [0, -1, 5000])
def test_frame_rate_out_of_bounds_is_refused(service: Service, small_video: Path, infer_fps: float) -> None:
    url = uploaded(service, small_video)
    with pytest.raises(BadRequest, match="infer_fps"):
        service.client().start_job(input_url=url, infer_fps=infer_fps, models=[MOTION])


def test_job_without_a_model_is_refused(service: Service, small_video: Path) -> None:
    url = uploaded(service, small_video)
    with pytest.raises(BadRequest, match="model"):
        service.client().start_job(input_url=url, infer_fps=5, models=[])


def test_job_for_a_link_without_a_video_is_refused(service: Service) -> None:
    url = service.client().request_upload_url("v.mp4")
    with pytest.raises(BadRequest):
        service.client().start_job(input_url=url, infer_fps=5, models=[MOTION])


def test_only_our_engine_lists_models(service: Service) -> None:
    ours = service.client().open_workspace() == "embedded"
    assert any(model.model_id == "motion" for model in service.client().list_models()) is ours


def test_only_our_engine_implements_cancellation(service: Service, small_video: Path) -> None:
    client = service.client()
    job_id = client.start_job(input_url=uploaded(service, small_video), infer_fps=5, models=[MOTION])
    assert finish(service, job_id).is_done
    with pytest.raises(BadRequest) as refused:
        client.cancel(job_id)
    ours = client.open_workspace() == "embedded"
    assert isinstance(refused.value, NotFound) is not ours
    assert ("409 Conflict: The job has already ended" in refused.value.what) is ours
