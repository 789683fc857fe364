"""The source of the video: a choice among uploads, or a URL."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from frametally.library.library import Library
from tests.support.video_files import padded


def choice_script(folder: str, known: list[str]) -> None:
    from pathlib import Path

    import streamlit as st

    from components.upload.video_source import _chosen
    from frametally.library.library import Library

    library = Library(Path(folder), max_video_bytes=1)
    st.write(_chosen([kept for sha256 in known if (kept := library.get(sha256))]).file_name)


@pytest.fixture
def three(small_video: Path, tmp_path: Path) -> list[str]:
    library = Library(tmp_path / "media", max_video_bytes=2**20)
    size_bytes = small_video.stat().st_size + 100
    files = [padded(small_video, tmp_path / f"{number}.mp4", size_bytes) for number in range(3)]
    return [library.add(file, actor=None).sha256 for file in files]


def url_script(folder: str) -> None:
    from pathlib import Path
    from types import SimpleNamespace

    import streamlit as st

    from components.upload.video_source import _from_url
    from frametally.config.settings import Settings
    from frametally.library.library import Library

    settings = Settings.read({"FRAMETALLY_DATA_DIR": folder})
    library = Library(Path(folder), max_video_bytes=1)
    source = _from_url(SimpleNamespace(settings=settings, library=library))  # type: ignore[arg-type]
    st.write(source.url if source else "nothing")


def test_an_invalid_url_shows_an_error(tmp_path: Path) -> None:
    app = AppTest.from_function(url_script, args=(str(tmp_path),), default_timeout=30).run()
    app.text_input(key="video_url").input("https://[foo/v.mp4").run()
    assert not app.exception
    app.button[0].click().run()
    assert not app.exception
    assert "not an http or https URL" in app.error[0].value


def test_the_newest_video_is_the_default(three: list[str], tmp_path: Path) -> None:
    app = AppTest.from_function(choice_script, args=(str(tmp_path / "media"), three[:2]), default_timeout=30).run()
    assert app.markdown[0].value == "1.mp4"
    app.session_state["chosen_video"] = three[2]
    assert app.run().markdown[0].value == "1.mp4"
    app.selectbox[0].set_value(three[0]).run()
    assert app.markdown[0].value == "0.mp4"
    assert app.run().markdown[0].value == "0.mp4"


def test_a_choice_stays_when_another_video_is_uploaded(three: list[str], tmp_path: Path) -> None:
    app = AppTest.from_function(choice_script, args=(str(tmp_path / "media"), three), default_timeout=30).run()
    assert app.markdown[0].value == "2.mp4"
    app.selectbox[0].set_value(three[1]).run()
    again = AppTest.from_function(
        choice_script, args=(str(tmp_path / "media"), [*three[1:], three[0]]), default_timeout=30
    )
    again.session_state["chosen_video"] = app.session_state["chosen_video"]
    assert again.run().markdown[0].value == "1.mp4"
