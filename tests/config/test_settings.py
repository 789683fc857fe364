"""Where settings come from, and errors of invalid ones."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from frametally.config.reference import all_settings
from frametally.config.settings import Settings
from frametally.errors import SettingsError

SECRET = "rf_S3cret"


def test_defaults_are_below_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    paths = [settings.engine_key_file, settings.link_secret_file, settings.media_dir, settings.results_dir]
    assert all(path.is_relative_to(tmp_path) for path in (*paths, settings.models_dir, settings.engine_dir))
    assert str(tmp_path) in settings.database_url


def test_constructor_and_read_have_the_same_defaults() -> None:
    read = Settings.read({})
    assert Settings(database_url=read.database_url, models_dir=read.models_dir) == read


def test_every_setting_reaches_its_field() -> None:
    values = {
        "FRAMETALLY_ACCESS": "open",
        "FRAMETALLY_ACCESS_ROLE": "viewer",
        "FRAMETALLY_JOBS_VISIBLE": "own",
        "FRAMETALLY_MAX_TABS_PER_CLIENT": "7",
        "FRAMETALLY_EMBED_SITES": "https://intranet.example.com",
        "FRAMETALLY_WEBHOOK_SHARE": "yes",
        "FRAMETALLY_KEEP_AUDIT_DAYS": "30",
        "FRAMETALLY_OIDC_GROUPS": "ops=admin",
        "FRAMETALLY_OIDC_URL": "https://id",
        "FRAMETALLY_API_URL": "https://api",
        "FRAMETALLY_API_PRIVATE_URLS": "yes",
        "FRAMETALLY_DATA_DIR": "/d",
        "FRAMETALLY_DATABASE_URL": "postgresql://h/db",
        "FRAMETALLY_MODELS_DIR": "/m",
        "FRAMETALLY_ENGINE_PRIVATE_URLS": "yes",
        "FRAMETALLY_ENGINE_KEEP_S": "5",
        "FRAMETALLY_CLUSTER": "ray://head:10001",
        "FRAMETALLY_INFERENCE_SERVERS": "a/1=http://h",
        "FRAMETALLY_MAX_VIDEO_BYTES": "1e6",
        "FRAMETALLY_MAX_RESULTS_BYTES": "9",
        "FRAMETALLY_MEDIA_QUOTA_BYTES": "7",
        "FRAMETALLY_STORAGE_URL": "s3://bucket/team",
        "FRAMETALLY_STORAGE_CACHE_BYTES": "8",
        "FRAMETALLY_KEEP_VIDEOS_DAYS": "3",
        "FRAMETALLY_KEEP_VIDEOS_BYTES": "4",
        "FRAMETALLY_KEEP_RESULTS_DAYS": "5",
        "FRAMETALLY_LOST_AFTER_S": "8",
        "FRAMETALLY_PUBLIC_URL": "https://tally",
        "FRAMETALLY_MAX_TABS": "9",
        "FRAMETALLY_HEALTH_PORT": "9000",
        "FRAMETALLY_WEBHOOK_URL": "https://hook",
        "FRAMETALLY_WEBHOOK_PRIVATE_URLS": "1",
        "FRAMETALLY_SMTP_URL": "smtp://host",
        "FRAMETALLY_EMAIL_TO": "a@b, c@d",
    }
    names = {setting.name for setting in all_settings()}
    read, default = Settings.read(dict.fromkeys(names, "text") | values, {"AWS_REGION": "here"}), Settings.read({})
    assert names >= values.keys()
    assert [field.name for field in fields(Settings) if getattr(read, field.name) == getattr(default, field.name)] == []
    assert (read.max_video_bytes, read.email_to, read.engine_private_urls) == (1_000_000, ("a@b", "c@d"), True)


@pytest.mark.parametrize("empty", ["", "  ", "\t"])
def test_an_empty_value_counts_as_unset(empty: str) -> None:
    names = ("FRAMETALLY_API_URL", "ROBOFLOW_API_KEY", "FRAMETALLY_MAX_VIDEO_BYTES", "FRAMETALLY_ENGINE_PRIVATE_URLS")
    environment = dict.fromkeys(names, empty)
    assert Settings.read(environment) == Settings.read({})
    assert Settings.read(environment, {"ROBOFLOW_API_KEY": SECRET}).api_key == SECRET


def test_the_environment_takes_precedence_over_secrets_toml() -> None:
    secrets = {
        "ROBOFLOW_API_KEY": "from secrets",
        "FRAMETALLY_LOST_AFTER_S": 60,
        "FRAMETALLY_ENGINE_PRIVATE_URLS": True,
    }
    settings = Settings.read({"ROBOFLOW_API_KEY": "from env"}, secrets)
    assert (settings.api_key, settings.lost_after_s, settings.engine_private_urls) == ("from env", 60, True)


def test_names_of_other_programs_are_ignored() -> None:
    assert Settings.read({"PATH": "/bin", "STREAMLIT_X": "1"}, {"other": {"nested": 1}}) == Settings.read({})


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("FRAMETALLY_DATADIR", "Did you mean FRAMETALLY_DATA_DIR?"),
        ("FRAMETALLY_API_KEY", "Did you mean "),
        ("FRAMETALLY_LOST_AFTER", "Did you mean FRAMETALLY_LOST_AFTER_S?"),
    ],
)
def test_an_unknown_name_is_an_error_with_a_suggestion(name: str, hint: str) -> None:
    for environment, secrets in (({name: SECRET}, {}), ({}, {name: SECRET})):
        with pytest.raises(SettingsError) as caught:
            Settings.read(environment, secrets)
        assert name in caught.value.what
        assert hint in caught.value.next_step
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FRAMETALLY_MAX_VIDEO_BYTES", "10 GB"),
        ("FRAMETALLY_MAX_VIDEO_BYTES", "0"),
        ("FRAMETALLY_MAX_VIDEO_BYTES", "0.5"),
        ("FRAMETALLY_MAX_VIDEO_BYTES", "-1"),
        ("FRAMETALLY_MEDIA_QUOTA_BYTES", "0"),
        ("FRAMETALLY_LOST_AFTER_S", "nan"),
        ("FRAMETALLY_ENGINE_KEEP_S", "0"),
        ("FRAMETALLY_ENGINE_KEEP_S", "a week"),
        ("FRAMETALLY_LOST_AFTER_S", "inf"),
        ("FRAMETALLY_ENGINE_PRIVATE_URLS", "maybe"),
        ("FRAMETALLY_EMAIL_TO", "a@b, no-address"),
        ("FRAMETALLY_PUBLIC_URL", "tally.example.com"),
    ],
)
def test_an_invalid_value_is_shown_with_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is invalid: '{value}'. Use "):
        Settings.read({name: value})


@pytest.mark.parametrize(
    "url",
    [f"ftp://{SECRET}", SECRET, f"https://host?api_key={SECRET}", f"https://user:{SECRET}@host", f"http://[{SECRET}"],
)
@pytest.mark.parametrize("name", ["FRAMETALLY_API_URL", "FRAMETALLY_SMTP_URL", "FRAMETALLY_INFERENCE_SERVERS"])
def test_an_invalid_value_that_may_be_secret_is_not_quoted(name: str, url: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} ") as caught:
        Settings.read({name: url})
    assert SECRET not in str(caught.value)


def test_an_invalid_webhook_url_is_not_quoted() -> None:
    with pytest.raises(SettingsError, match=r"^FRAMETALLY_WEBHOOK_URL is invalid\. Use an http or https URL") as caught:
        Settings.read({"FRAMETALLY_WEBHOOK_URL": f"hooks.example.com/{SECRET}"})
    assert SECRET not in str(caught.value)


def test_settings_show_no_secret() -> None:
    optional = ("ROBOFLOW_API_KEY", "FRAMETALLY_ENGINE_KEY", "FRAMETALLY_INFERENCE_KEY", "FRAMETALLY_WEBHOOK_SECRET")
    urls = {
        "FRAMETALLY_DATABASE_URL": f"x://u:{SECRET}@h/db",
        "FRAMETALLY_WEBHOOK_URL": f"https://h/{SECRET}",
        "FRAMETALLY_SMTP_URL": f"smtp://u:{SECRET}@h",
    }
    settings = Settings.read({**dict.fromkeys(optional, SECRET), **urls})
    assert len([field for field in fields(settings) if getattr(settings, field.name) == SECRET]) == len(optional)
    assert settings.inference_servers.api_key == SECRET
    assert SECRET not in repr(settings)
    assert SECRET not in repr(settings.inference_servers)


def test_the_hosts_that_the_dashboard_answers_to_and_may_be_embedded_in() -> None:
    names = {"FRAMETALLY_ALLOWED_HOSTS": "Tally.example.com, *.example.org,[::1]", "FRAMETALLY_FRAME_ANCESTORS": "none"}
    settings = Settings.read(names)
    assert settings.allowed_hosts == ("tally.example.com", "*.example.org", "::1")
    assert settings.frame_ancestors == ("'none'",)
    several = Settings.read({"FRAMETALLY_FRAME_ANCESTORS": "'self', https://*.example.com:8443"})
    assert several.frame_ancestors == ("'self'", "https://*.example.com:8443")
    embedding = {text: Settings.read({"FRAMETALLY_EMBED_SITES": text}).embed_sites for text in ("none", "self")}
    assert embedding == {"none": (), "self": ("'self'",)}
    assert Settings.read({}).allowed_hosts == Settings.read({}).frame_ancestors == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("FRAMETALLY_ALLOWED_HOSTS", "https://tally.example.com"),
        ("FRAMETALLY_ALLOWED_HOSTS", "a b"),
        ("FRAMETALLY_FRAME_ANCESTORS", "none, self"),
        ("FRAMETALLY_FRAME_ANCESTORS", "self; script-src *"),
        ("FRAMETALLY_FRAME_ANCESTORS", "*"),
    ],
)
def test_a_host_or_an_ancestor_of_another_form_is_refused(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.read({name: text})
