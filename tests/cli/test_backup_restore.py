"""Output of `frametally backup` and `frametally restore`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from frametally.cli.exit_code import ExitCode
from frametally.cli.main import main
from frametally.ledger.ledger import Ledger
from tests.support.backups import filled, settings_in


def test_backup_and_restore_print_what_they_contain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = settings_in(tmp_path / "old"), settings_in(tmp_path / "new")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("frametally.cli.environment.read_secrets", dict)  # ignores the secrets of this machine
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(old.data_dir))
    with filled(old):
        assert main(["backup", "backup.zip"]) == ExitCode.OK
    output = capsys.readouterr().out
    assert f"From     {old.data_dir}/frametally.db\n" in output
    assert "Videos   0 bytes, omitted (--videos)" in output
    assert "Models   7 bytes, omitted (--models)" in output
    assert main(["backup", "backup.zip"]) == ExitCode.BAD_INPUT
    assert "already" in capsys.readouterr().err
    assert main(["restore", "backup.zip"]) == ExitCode.BAD_INPUT
    assert "--replace" in capsys.readouterr().err
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(new.data_dir))
    assert main(["restore", "backup.zip"]) == ExitCode.OK
    output = capsys.readouterr().out
    assert f"Into     {new.data_dir}/frametally.db\n" in output
    assert "as of 20" in output
    with closing(Ledger(new.database_url)) as ledger:
        assert len(ledger.jobs()) == 2
