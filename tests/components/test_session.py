"""The settings of the dashboard, and the display names of services."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from components.session import get_deployment, service_label
from frametally.errors import SettingsError


def test_unreadable_secrets_keep_the_dashboard_from_starting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text('FRAMETALLY_DATABASE_URL = "sqlite:///team.db')
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(tmp_path / "data"))
    with pytest.raises(SettingsError, match=r"secrets\.toml cannot be read"):
        inspect.unwrap(get_deployment)()
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
