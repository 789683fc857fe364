"""`frametally dashboard`: the command line of Streamlit's server."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from frametally.cli import main as cli
from frametally.cli.dashboard import streamlit_command
from frametally.config.app_folder import APP_FOLDER
from frametally.errors import SettingsError


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command lines passed to `os.execv`, which raises SystemExit instead of replacing this process."""
    commands: list[list[str]] = []

    def record(program: str, command: list[str]) -> None:
        assert program == command[0]
        commands.append(command)
        raise SystemExit(0)

    monkeypatch.setattr("os.execv", record)
    return commands


def test_dashboard_listens_on_loopback_by_default(executed: list[list[str]]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["dashboard"])
    assert executed == [streamlit_command(APP_FOLDER, host="127.0.0.1", port=8501)]


def test_host_and_port_are_passed_to_streamlit(executed: list[list[str]]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["dashboard", "--host", "0.0.0.0", "--port", "9000"])
    (command,) = executed
    assert command[0] == sys.executable
    assert command[command.index("run") + 1] == str(APP_FOLDER / "app.py")
    assert command[-4:] == ["--server.address", "0.0.0.0", "--server.port", "9000"]


def test_missing_app_raises_settings_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"app\.py"):
        streamlit_command(tmp_path, host="127.0.0.1", port=8501)
