"""Secrets that are generated at the first start."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from frametally.config.generated_secret import read_or_make_secret
from frametally.errors import SettingsError

SECRET = "rf_S3cret"


def test_a_secret_is_generated_once_with_owner_only_permissions(tmp_path: Path) -> None:
    path = tmp_path / "new" / "key"
    secret = read_or_make_secret(path)
    assert len(secret) >= 32
    assert read_or_make_secret(path) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["key"]


def test_an_existing_secret_is_kept(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{SECRET}\n")
    assert read_or_make_secret(tmp_path / "key") == SECRET


def test_an_empty_secret_is_an_error(tmp_path: Path) -> None:
    """With an empty secret, anyone could forge links and call the engine."""
    (tmp_path / "key").touch()
    with pytest.raises(SettingsError, match="key in the data folder is empty"):
        read_or_make_secret(tmp_path / "key")


@pytest.mark.usefixtures("no_hard_links")
def test_a_secret_is_generated_without_hard_links(tmp_path: Path) -> None:
    made = read_or_make_secret(tmp_path / "key")
    assert read_or_make_secret(tmp_path / "key") == made
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_threads_that_generate_a_secret_at_once_agree(tmp_path: Path) -> None:
    together = Barrier(8)

    def make(path: Path) -> str:
        together.wait()
        return read_or_make_secret(path)

    with ThreadPoolExecutor(max_workers=8) as pool:
        for number in range(20):
            assert len(set(pool.map(make, [tmp_path / str(number)] * 8))) == 1
    assert len(list(tmp_path.iterdir())) == 20
