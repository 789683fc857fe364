"""Opening a deployment: errors name the setting without secrets, and exports of earlier versions are removed."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from frametally.config.settings import Settings
from frametally.deployment import Deployment, open_deployment
from frametally.errors import BadRequest, ConnectFailed, SettingsError
from tests.support.ledgers import open_ledger


def open_at(folder: Path, database_url: str) -> Deployment:
    return open_deployment(
        Settings(data_dir=folder, database_url=database_url, models_dir=folder / "models"), lambda: "http://127.0.0.1"
    )


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://owner:S3cret@127.0.0.1:1/ledger",
        "mysql+nodriver://owner:S3cret@127.0.0.1/ledger",
        "owner:S3cret@127.0.0.1",
        "sqlite:////dev/null/ledger.db",
    ],
)
def test_an_unavailable_ledger_names_its_setting_without_the_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="FRAMETALLY_DATABASE_URL") as caught:
        open_at(tmp_path, url)
    assert "S3cret" not in str(caught.value)


def test_a_ledger_of_a_newer_version_is_an_error(tmp_path: Path, sqlite_url: str) -> None:
    with open_ledger(sqlite_url):
        pass
    engine = sa.create_engine(sqlite_url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(SettingsError, match="newer version"):
        open_at(tmp_path, sqlite_url)


def test_an_unusable_data_folder_names_its_setting_without_the_path(tmp_path: Path, sqlite_url: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="FRAMETALLY_DATA_DIR") as caught:
        open_at(tmp_path / "file" / "data", sqlite_url)
    assert str(tmp_path) not in str(caught.value)


def test_exports_of_earlier_versions_are_removed_once_the_ledger_opens(tmp_path: Path, sqlite_url: str) -> None:
    old = tmp_path / "exports" / "tables" / "job-1.counts.csv"
    old.parent.mkdir(parents=True)
    old.touch()
    with pytest.raises(SettingsError):
        open_at(tmp_path, "sqlite:////dev/null/ledger.db")
    assert old.exists()
    open_at(tmp_path, sqlite_url).ledger.close()
    assert not (tmp_path / "exports").exists()


def test_only_the_service_of_the_settings_may_be_private(tmp_path: Path, sqlite_url: str, free_port: int) -> None:
    ours, other = f"http://127.0.0.1:{free_port}", f"http://127.0.0.2:{free_port}"
    settings = Settings(data_dir=tmp_path, database_url=sqlite_url, models_dir=tmp_path / "models", api_url=ours)
    clients = open_deployment(settings, lambda: "http://127.0.0.1").clients
    with pytest.raises(ConnectFailed):
        clients.open(ours, "key").open_workspace(retry=False)
    with pytest.raises(BadRequest, match=r"127\.0\.0\.2 is a private address"):
        clients.open(other, "key").open_workspace(retry=False)
