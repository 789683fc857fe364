"""The folder with the files of the dashboard, in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path

from frametally.config.app_folder import APP_FOLDER, find_app_folder


def test_a_checkout_has_the_files_at_its_root() -> None:
    assert Path(__file__).parents[2] == APP_FOLDER
    assert (APP_FOLDER / "app.py").is_file()


def test_a_wheel_has_the_files_in_the_package(tmp_path: Path) -> None:
    package = tmp_path / "frametally"
    (package / "_dashboard").mkdir(parents=True)
    assert find_app_folder(package) == package / "_dashboard"
