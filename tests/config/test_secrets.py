"""How commands read secrets.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from frametally.cli.exit_code import ExitCode
from frametally.cli.main import main
from frametally.config.secrets import read_secrets
from frametally.errors import SettingsError
from frametally.ledger.ledger import Ledger


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders where Streamlit looks for secrets, lowest precedence first: home, working directory, app."""
    made = [tmp_path / name for name in ("home", "here", "app")]
    for folder in made:
        (folder / ".streamlit").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(made[0]))
    monkeypatch.chdir(made[1])
    monkeypatch.setattr("frametally.config.secrets.APP_FOLDER", made[2])
    return made


def test_later_files_take_precedence_as_in_streamlit(folders: list[Path]) -> None:
    assert read_secrets() == {}
    for at, folder in enumerate(folders):
        names = "abc"[at:]
        (folder / ".streamlit" / "secrets.toml").write_text("".join(f"{name} = {at}\n" for name in names))
    assert read_secrets() == {"a": 0, "b": 1, "c": 2}


@pytest.mark.parametrize("content", [b"FRAMETALLY_DATABASE_URL = 'S3cret", b"\xff"])
def test_an_unreadable_file_is_an_error(folders: list[Path], content: bytes) -> None:
    (folders[1] / ".streamlit" / "secrets.toml").write_bytes(content)
    with pytest.raises(SettingsError, match="cannot be read: it is not valid TOML") as caught:
        read_secrets()
    assert "S3cret" not in str(caught.value)


def test_commands_use_the_ledger_that_secrets_toml_names(
    folders: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("FRAMETALLY_DATA_DIR", "FRAMETALLY_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    Ledger(f"sqlite:///{folders[0]}/team.db").close()
    secrets = f'FRAMETALLY_DATABASE_URL = "sqlite:///{folders[0]}/team.db"\n'
    (folders[1] / ".streamlit" / "secrets.toml").write_text(secrets)
    assert main(["backup", "backup.zip"]) == ExitCode.OK
    assert f"From     {folders[0]}/team.db" in capsys.readouterr().out
