"""The deployment of compose.yaml, process by process: PostgreSQL, an engine, two dashboards, nginx in front of them."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from frametally.config.settings import Settings
from frametally.deployment import open_deployment
from frametally.job import JobStatus, ModelChoice, RunRequest
from tests.deploy.processes import NGINX, balancing, running
from tests.support.polling import until
from tests.support.ports import reserved_port
from tests.support.postgresql import NoPostgresql, serving_postgresql
from tests.support.video_files import write_video

KEY = "a key for the engine"


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.skipif(not Path(NGINX).exists(), reason="nginx is not installed")
def test_two_dashboards_behind_nginx_run_a_job_on_the_engine(tmp_path: Path) -> None:
    with ExitStack() as stack:
        try:
            make_database = stack.enter_context(serving_postgresql())
        except NoPostgresql as error:
            pytest.skip(str(error))
        engine, first, second, front = (stack.enter_context(reserved_port()) for _ in range(4))
        of_engine = {"FRAMETALLY_DATA_DIR": str(tmp_path / "engine"), "FRAMETALLY_ENGINE_KEY": KEY}
        stack.enter_context(running("engine", engine, tmp_path / "engine.log", of_engine))
        url = f"http://127.0.0.1:{front}"
        of_dashboards = {
            "FRAMETALLY_STORAGE_URL": (tmp_path / "bucket").as_uri(),
            "FRAMETALLY_DATABASE_URL": make_database(),
            "FRAMETALLY_API_URL": f"http://127.0.0.1:{engine}",
            "ROBOFLOW_API_KEY": KEY,
            "FRAMETALLY_ACCESS": "open",
            "FRAMETALLY_PUBLIC_URL": url,
            "FRAMETALLY_ALLOWED_HOSTS": "127.0.0.1",
            "FORWARDED_ALLOW_IPS": "*",
        }
        of_first, of_second, ours = (
            {**of_dashboards, "FRAMETALLY_DATA_DIR": str(tmp_path / name)} for name in ("first", "second", "ours")
        )
        stack.enter_context(running("dashboard-1", first, tmp_path / "first.log", of_first))
        other = stack.enter_context(running("dashboard-2", second, tmp_path / "second.log", of_second))
        stack.enter_context(balancing(front, {"dashboard-1": first, "dashboard-2": second}, tmp_path))

        for path in ("/frametally/uploads/", "/frametally/nothing-here"):
            answers = [requests.options(url + path, timeout=30) for _ in range(12)]
            assert len({answer.status_code for answer in answers}) == 1
            served = Counter(answer.headers["X-Upstream"] for answer in answers)
            assert served.keys() == {f"127.0.0.1:{first}", f"127.0.0.1:{second}"}, path
        browsers = [page_of_a_browser(url) for _ in range(12)]
        assert set(browsers) == {f"127.0.0.1:{first}", f"127.0.0.1:{second}"}
        assert requests.get(f"{url}/_stcore/metrics", timeout=30).status_code == 404

        assert run_a_job(tmp_path, ours) is JobStatus.SUCCEEDED

        other.terminate()
        other.wait(timeout=30)
        answers = [requests.get(f"{url}/_stcore/health", timeout=30) for _ in range(8)]
        assert {answer.status_code for answer in answers} == {200}


def page_of_a_browser(url: str) -> str:
    """Load a page and its scripts; returns which dashboard has served all of them."""
    with requests.Session() as browser:
        answers = [browser.get(url + path, timeout=30) for path in ("/", "/_stcore/health", "/jobs", "/")]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert (
        len(
            {
                answer.headers["Content-Security-Policy"]
                for answer in answers
                if "text/html" in answer.headers["Content-Type"]
            }
        )
        == 1
    )
    (served,) = {answer.headers["X-Upstream"] for answer in answers}
    return served


def run_a_job(folder: Path, environment: dict[str, str]) -> JobStatus:
    """Submit as a page does; the watchers of the dashboards do the rest."""
    write_video(folder / "square.mp4", frames=40, fps=10)
    deployment = open_deployment(Settings.read(environment), lambda: "")
    video = deployment.library.add(folder / "square.mp4", actor=None)
    service, key_id = next(known for known in deployment.clients.known() if known[0].startswith("http"))
    request = RunRequest(
        service=service,
        key_id=key_id,
        video_name="square.mp4",
        video_sha256=video.sha256,
        models=(ModelChoice(model_id="motion", version="1"),),
        infer_fps=5.0,
    )
    job = deployment.workflow.submit(request, actor=None)
    until(lambda: not deployment.ledger.job(job.id).status.is_open, limit_s=120.0)
    status = deployment.ledger.job(job.id).status
    deployment.ledger.close()
    return status
