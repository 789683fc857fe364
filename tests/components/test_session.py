"""The settings of the dashboard, and the display names of services."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from streamlit import config

from components.session import own_url, service_label, whole_deployment
from frametally.errors import SettingsError
from frametally.job import EMBEDDED, JobStatus
from frametally.notifications.messages import link_to
from tests.support.ledgers import a_job


def test_unreadable_secrets_keep_the_dashboard_from_starting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text('FRAMETALLY_DATABASE_URL = "sqlite:///team.db')
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(tmp_path / "data"))
    with pytest.raises(SettingsError, match=r"secrets\.toml cannot be read"):
        inspect.unwrap(whole_deployment)()
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("service", "label"),
    [
        ("embedded", "Built-in engine"),
        ("https://api.roboflow.com", "Roboflow"),
        ("http://engine:9001", "engine:9001"),
    ],
)
def test_a_service_has_a_display_name(service: str, label: str) -> None:
    assert service_label(service) == label


def test_links_in_notifications_and_the_engine_are_below_the_base_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("FRAMETALLY_PUBLIC_URL", "https://tally.example.com")
    before = config.get_option("server.baseUrlPath")
    config.set_option("server.baseUrlPath", "tools/tally")
    try:
        deployment = inspect.unwrap(whole_deployment)()
        client = deployment.clients.client(EMBEDDED, "")
        assert client is not None
        assert client.api_url == own_url()
        assert client.api_url.endswith("/tools/tally")
        job = a_job(status=JobStatus.SUCCEEDED)
        link = link_to(job, deployment.settings.public_url or "")
        assert link == f"https://tally.example.com/tools/tally/analytics?job={job.id}"
    finally:
        config.set_option("server.baseUrlPath", before)
