"""A video at a URL."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest


def url_script(folder: str) -> None:
    from pathlib import Path
    from types import SimpleNamespace

    import streamlit as st

    from components.upload.url_source import url_source
    from frametally.config.settings import Settings
    from frametally.library.library import Library

    settings = Settings.read({"FRAMETALLY_DATA_DIR": folder})
    library = Library(Path(folder), max_video_bytes=1)
    deployment = SimpleNamespace(settings=settings, library=library)
    source = url_source(deployment, "https://[foo/v.mp4")  # type: ignore[arg-type]
    st.write(source.url if source else "nothing")


def test_an_invalid_url_shows_an_error(tmp_path: Path) -> None:
    app = AppTest.from_function(url_script, args=(str(tmp_path),), default_timeout=30).run()
    assert not app.exception
    app.button[0].click().run()
    assert not app.exception
    assert "not an http or https URL" in app.error[0].value
