"""Streamlit's document with the script that shortens its start."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from starlette.applications import Starlette
from streamlit.web.server.starlette.starlette_routes import create_host_config_routes

from components.server import start_document as module
from components.server.start_document import INDEX, SHELL_CSS, host_config, start_document
from frametally.network.doors.content_policy import inline_digests
from tests.support.serving import answering


def test_our_script_comes_first_and_is_allowed() -> None:
    document = start_document()
    assert document.index("window.__streamlit") < document.index("index.")
    assert "{{" not in document
    assert len(inline_digests(document)) == len(inline_digests(INDEX.read_text())) + 1


def test_our_styles_come_behind_those_that_streamlit_writes_into_the_head() -> None:
    document = start_document()
    assert document.index(SHELL_CSS.read_text()) > document.index("</head>")


def test_the_page_knows_what_the_server_would_answer() -> None:
    with answering(Starlette(routes=create_host_config_routes(None)), lifespan=False) as port:
        answer = requests.get(f"http://127.0.0.1:{port}/_stcore/host-config", timeout=10).json()
    assert answer == host_config()


def test_streamlit_knows_these_settings() -> None:
    scripts = INDEX.parent.glob("static/js/index.*.js")
    names = ("BACKEND_BASE_URL", "HOST_CONFIG", "useExternalAuthToken", "`running`")
    assert any(all(name in script for name in names) for script in map(Path.read_text, scripts))


def test_a_setting_does_not_end_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "host_config", lambda: {"allowedOrigins": ["</script>"]})
    assert start_document().count("</script>") == INDEX.read_text().count("</script>") + 1
