"""Where the dashboard has its settings from."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from components.session import get_deployment
from frametally.errors import SettingsError


def test_a_dashboard_whose_secrets_cannot_be_read_does_not_start_with_another_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text('FRAMETALLY_DATABASE_URL = "sqlite:///team.db')
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(tmp_path / "data"))
    with pytest.raises(SettingsError, match=r"secrets\.toml cannot be read: it is no TOML"):
        inspect.unwrap(get_deployment)()
    assert not (tmp_path / "data").exists()
