"""Where a setting comes from, what a wrong one says, and the secrets that are made."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from threading import Barrier

import pytest

from frametally.cli.exit_code import ExitCode
from frametally.cli.main import main
from frametally.config.secrets import read_secrets
from frametally.config.settings import Settings, read_or_make_secret
from frametally.errors import SettingsError
from frametally.ledger.ledger import Ledger
from frametally.ledger.snapshot import ledger_in_words
from frametally.network.urls import parse_service_url

SECRET = "rf_S3cret"


def test_without_settings_everything_lies_in_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.read({})
    assert settings.data_dir == tmp_path / "data"
    assert settings.database_url == f"sqlite:///{tmp_path}/data/frametally.db"
    assert settings.models_dir == tmp_path / "data" / "models"
    assert (settings.api_url, settings.api_key, settings.engine_key) == (None, None, None)
    assert (settings.engine_private_urls, settings.max_video_bytes, settings.lost_after_s) == (False, 10 << 30, 86_400)
    assert settings.engine_keep_s == 7 * 86_400


def test_every_folder_follows_the_data_folder(tmp_path: Path) -> None:
    settings = Settings.read({"FRAMETALLY_DATA_DIR": str(tmp_path)})
    places = [settings.engine_key_file, settings.link_secret_file, settings.media_dir, settings.results_dir]
    assert all(place.is_relative_to(tmp_path) for place in (*places, settings.models_dir, settings.engine_dir))
    assert str(tmp_path) in settings.database_url


@pytest.mark.parametrize("empty", ["", "  ", "\t"])
def test_an_empty_value_counts_as_unset(empty: str) -> None:
    names = ("FRAMETALLY_API_URL", "ROBOFLOW_API_KEY", "FRAMETALLY_MAX_VIDEO_BYTES", "FRAMETALLY_ENGINE_PRIVATE_URLS")
    env = dict.fromkeys(names, empty)
    assert Settings.read(env) == Settings.read({})
    assert Settings.read(env, {"ROBOFLOW_API_KEY": SECRET}).api_key == SECRET


def test_the_environment_beats_the_secrets() -> None:
    secrets = {
        "ROBOFLOW_API_KEY": "from secrets",
        "FRAMETALLY_LOST_AFTER_S": 60,
        "FRAMETALLY_ENGINE_PRIVATE_URLS": True,
    }
    settings = Settings.read({"ROBOFLOW_API_KEY": "from env"}, secrets)
    assert (settings.api_key, settings.lost_after_s, settings.engine_private_urls) == ("from env", 60, True)


def test_foreign_names_are_left_alone() -> None:
    assert Settings.read({"PATH": "/bin", "STREAMLIT_X": "1"}, {"other": {"nested": 1}}) == Settings.read({})


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("FRAMETALLY_DATADIR", "Did you mean FRAMETALLY_DATA_DIR?"),
        ("FRAMETALLY_API_KEY", "Did you mean "),
        ("FRAMETALLY_LOST_AFTER", "Did you mean FRAMETALLY_LOST_AFTER_S?"),
    ],
)
def test_an_unknown_name_is_refused_with_the_right_one(name: str, hint: str) -> None:
    for env, secrets in (({name: SECRET}, {}), ({}, {name: SECRET})):
        with pytest.raises(SettingsError) as caught:
            Settings.read(env, secrets)
        assert name in caught.value.what
        assert hint in caught.value.next_step
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FRAMETALLY_MAX_VIDEO_BYTES", "10 GB"),
        ("FRAMETALLY_MAX_VIDEO_BYTES", "0"),
        ("FRAMETALLY_MAX_VIDEO_BYTES", "-1"),
        ("FRAMETALLY_LOST_AFTER_S", "nan"),
        ("FRAMETALLY_ENGINE_KEEP_S", "0"),
        ("FRAMETALLY_ENGINE_KEEP_S", "a week"),
        ("FRAMETALLY_LOST_AFTER_S", "inf"),
        ("FRAMETALLY_ENGINE_PRIVATE_URLS", "maybe"),
    ],
)
def test_a_bad_value_is_named_with_its_key(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is '{value}'. It takes"):
        Settings.read({name: value})


@pytest.mark.parametrize(
    "url",
    [f"ftp://{SECRET}", SECRET, f"https://host?api_key={SECRET}", f"https://user:{SECRET}@host", f"http://[{SECRET}"],
)
def test_a_bad_service_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.read({"FRAMETALLY_API_URL": url})
    assert SECRET not in str(caught.value)


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Where Streamlit looks for secrets: the person's folder, the current one, that of the app."""
    made = [tmp_path / name for name in ("home", "here", "app")]
    for folder in made:
        (folder / ".streamlit").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(made[0]))
    monkeypatch.chdir(made[1])
    monkeypatch.setattr("frametally.config.secrets._APP", made[2])
    return made


def test_the_command_line_reads_the_secrets_that_streamlit_reads(folders: list[Path]) -> None:
    assert read_secrets() == {}
    for at, folder in enumerate(folders):
        names = "abc"[at:]
        (folder / ".streamlit" / "secrets.toml").write_text("".join(f"{name} = {at}\n" for name in names))
    assert read_secrets() == {"a": 0, "b": 1, "c": 2}


@pytest.mark.parametrize("content", [b"FRAMETALLY_DATABASE_URL = 'S3cret", b"\xff"])
def test_secrets_that_cannot_be_read_are_not_passed_over(folders: list[Path], content: bytes) -> None:
    (folders[1] / ".streamlit" / "secrets.toml").write_bytes(content)
    with pytest.raises(SettingsError, match="cannot be read: it is no TOML") as caught:
        read_secrets()
    assert "S3cret" not in str(caught.value)


def test_a_backup_is_of_the_ledger_that_the_secrets_name(
    folders: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("FRAMETALLY_DATA_DIR", "FRAMETALLY_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    Ledger(f"sqlite:///{folders[0]}/team.db").close()
    secrets = f'FRAMETALLY_DATABASE_URL = "sqlite:///{folders[0]}/team.db"\n'
    (folders[1] / ".streamlit" / "secrets.toml").write_text(secrets)
    assert main(["backup", "kept.zip"]) == ExitCode.OK
    assert f"From     {folders[0]}/team.db" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql+psycopg://me:S3cret@db:5433/tally?sslpassword=S3cret", "postgresql+psycopg://me@db:5433/tally"),
        ("sqlite:////data/frametally.db", "/data/frametally.db"),
    ],
)
def test_a_ledger_is_named_without_its_password(url: str, words: str) -> None:
    assert ledger_in_words(url) == words


def test_settings_show_no_secret() -> None:
    secret_ones = ("ROBOFLOW_API_KEY", "FRAMETALLY_ENGINE_KEY", "FRAMETALLY_INFERENCE_KEY")
    settings = Settings.read({**dict.fromkeys(secret_ones, SECRET), "FRAMETALLY_DATABASE_URL": f"x://u:{SECRET}@h/db"})
    assert SECRET not in repr(settings)
    assert len([field for field in fields(settings) if getattr(settings, field.name) == SECRET]) == 2
    assert settings.model_servers.api_key == SECRET


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://api.roboflow.com", "https://api.roboflow.com"),
        (" http://127.0.0.1:9001/ ", "http://127.0.0.1:9001"),
        ("http://[::1]:9001", "http://[::1]:9001"),
        ("http://[fd00::1]/api/", "http://[fd00::1]/api"),
        ("HTTPS://Host/Path", "https://host/Path"),
    ],
)
def test_a_service_url_is_a_host_and_a_path(text: str, url: str) -> None:
    assert parse_service_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        *("", "host", "//host", "ftp://host", "file:///etc/passwd", "https://", "http://[::1", "http://host:99999"),
        *("http://host:port", "https://host/?a=1", "https://host/#a", "https://user@host", "https://:pw@host"),
    ],
)
def test_what_is_no_service_url_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        parse_service_url(text)


def test_a_secret_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "key"
    secret = read_or_make_secret(path)
    assert len(secret) >= 32
    assert read_or_make_secret(path) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["key"]


def test_a_secret_that_somebody_wrote_is_kept(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{SECRET}\n")
    assert read_or_make_secret(tmp_path / "key") == SECRET


def test_an_empty_secret_is_refused(tmp_path: Path) -> None:
    """What is signed with it, anybody could sign; as the engine's key it would let everybody in."""
    (tmp_path / "key").touch()
    with pytest.raises(SettingsError, match="key of the data folder is empty"):
        read_or_make_secret(tmp_path / "key")


@pytest.mark.usefixtures("no_hard_links")
def test_a_secret_is_made_where_a_file_has_one_name_only(tmp_path: Path) -> None:
    made = read_or_make_secret(tmp_path / "key")
    assert read_or_make_secret(tmp_path / "key") == made
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_threads_that_make_a_secret_at_once_agree(tmp_path: Path) -> None:
    together = Barrier(8)

    def make(path: Path) -> str:
        together.wait()
        return read_or_make_secret(path)

    with ThreadPoolExecutor(max_workers=8) as pool:
        for number in range(20):
            assert len(set(pool.map(make, [tmp_path / str(number)] * 8))) == 1
    assert len(list(tmp_path.iterdir())) == 20
