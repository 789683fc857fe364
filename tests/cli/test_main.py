"""The command line's parser, and which exit code each error becomes."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from frametally.cli import main as cli
from frametally.cli.exit_code import ExitCode
from frametally.errors import ServiceUnreachable, SettingsError


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        cli.main(["--help"])
    help_text = capsys.readouterr().out
    assert exited.value.code == ExitCode.OK
    assert help_text.startswith("usage: frametally ")
    assert all(f"\n    {name}" in help_text for name in ("run", "engine", "backup", "restore"))


def test_help_documents_every_exit_code() -> None:
    epilog = cli.make_parser().format_help().partition("exit codes:")[2]
    assert {int(line.split()[0]) for line in epilog.strip().splitlines()} == {2, *ExitCode}


@pytest.mark.parametrize("arguments", [[], ["unknown"], ["run", "clip.mp4"], ["backup"]])
def test_wrong_arguments_exit_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        cli.main(arguments)
    assert exited.value.code == 2


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (SettingsError("Invalid value.", "Change it."), ExitCode.BAD_INPUT),
        (ServiceUnreachable("No response.", "Try again."), ExitCode.SERVICE_FAILED),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED),
    ],
)
def test_errors_become_exit_codes_and_one_line_on_stderr(
    error: BaseException, exit_code: ExitCode, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr("frametally.cli.restore.read_settings", fail)
    assert cli.main(["restore", "backup.zip"]) == exit_code
    assert capsys.readouterr().err == f"{str(error) or 'Interrupted.'}\n"


SLOW_TO_IMPORT = {"pandas", "plotly", "ray", "scipy", "streamlit", "supervision"}
"""Each takes most of a second or more; a command imports what it uses."""


def test_only_the_module_of_the_command_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imported: list[str] = []

    def note(name: str) -> ModuleType:
        imported.append(name)
        return import_module(name)

    monkeypatch.setattr(cli, "import_module", note)
    assert cli.main(["restore", str(tmp_path / "missing.zip")]) == ExitCode.BAD_INPUT
    assert imported == ["frametally.cli.restore"]


def test_python_m_runs_the_same_command_and_none_has_slow_imports() -> None:
    """Without a command, all are imported for the help."""
    command = [sys.executable, "-X", "importtime", "-m", "frametally"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "usage: frametally" in ended.stderr
    imported = set(re.findall(r"^import time:.*\| +(\S+)$", ended.stderr, re.MULTILINE))
    assert {"frametally.backup.create", "frametally.engine.server"} <= imported  # for `backup` and `engine`
    assert imported & SLOW_TO_IMPORT == set()
    assert [name for name in imported if name.startswith("frametally.cluster")] == []
