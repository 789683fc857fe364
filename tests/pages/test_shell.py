"""The shell around every page: the start page, warnings, and errors that affect every page."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from frametally.deployment import Deployment
from tests.support.pages import ROOT, OpenPage, headings


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("analytics", "Analytics"),
        ("jobs", "Jobs"),
        ("upload", "Run a video"),
        ("configuration", "Configuration"),
        ("help", "Help"),
    ],
)
def test_every_page_has_its_title(engine: str, open_page: OpenPage, name: str, title: str) -> None:
    app = open_page(name)
    assert headings(app) == [title]
    assert not app.exception
    assert not app.error


def test_every_page_file_is_in_the_navigation() -> None:
    shell = (ROOT / "components/shell.py").read_text()
    names = {path.stem for path in (ROOT / "pages").glob("*.py")}
    assert all(f'("{name}", ' in shell for name in names - {"help", "people", "shares"})  # reached from elsewhere
    assert 'st.Page(ROOT / "pages/help.py"' in shell
    assert 'ROOT / "pages/people.py"' in shell  # shown to admins


def test_a_new_deployment_starts_on_upload(engine: str) -> None:
    app = AppTest.from_file(str(ROOT / "components/shell.py"), default_timeout=30).run()
    assert [element.value for element in app.title] == ["Run a video"]


@pytest.mark.parametrize("name", ["analytics", "jobs", "upload", "configuration"])
def test_a_mistyped_setting_is_explained_instead_of_a_page(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    app = AppTest.from_file(str(ROOT / "components/shell.py"), default_timeout=30)
    monkeypatch.setenv("FRAMETALLY_MODEL_DIR", "models")
    app.run()
    app.switch_page(f"../pages/{name}.py").run()
    assert not app.exception
    assert r"FRAMETALLY\_MODEL\_DIR" in app.error[0].value
    assert r"FRAMETALLY\_MODELS\_DIR" in app.error[0].value


def test_health_warnings_are_shown_on_every_page(
    engine: str, open_page: OpenPage, deployment: Deployment, data_dir: Path
) -> None:
    (data_dir / "secret").chmod(0o644)
    for name in ("jobs", "configuration"):
        assert "secret is accessible to other users" in open_page(name).warning[0].value


def test_a_damaged_ledger_is_explained_instead_of_a_page(data_dir: Path) -> None:
    (data_dir / "frametally.db").write_text("no database" * 1000)
    app = AppTest.from_file(str(ROOT / "components/shell.py"), default_timeout=30).run()
    assert not app.exception
    assert "is damaged" in app.error[0].value


def test_a_ledger_that_fails_later_is_explained_instead_of_a_page(
    engine: str, open_page: OpenPage, deployment: Deployment
) -> None:
    with deployment.ledger._engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE job")
    app = open_page("analytics")
    assert not app.exception
    assert "ledger does not respond" in app.error[0].value


def test_an_engine_that_is_down_is_explained(open_page: OpenPage, data_dir: Path) -> None:
    app = open_page("configuration")
    assert not app.exception
    assert "could not connect to 127.0.0.1" in app.error[0].value
