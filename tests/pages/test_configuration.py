"""The Configuration page: service, API key and saved models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from frametally.deployment import Deployment
from frametally.job import JobStatus, ModelChoice
from frametally.ledger.presets import Preset
from tests.support import fake_service
from tests.support.fake_service import FakeService
from tests.support.ledgers import a_job
from tests.support.pages import OpenPage, button, shown

UNIVERSE = "https://detect.roboflow.com/forklifts/7?api_key=rf_pasted_key"


@pytest.fixture
def hosted() -> Iterator[FakeService]:
    with FakeService(in_words=False) as service:
        yield service


def connect(app: AppTest, url: str, key: str) -> AppTest:
    app.radio(key="service_way").set_value("Custom URL").run()
    app.text_input(key="service_url").input(url).run()
    app.text_input(key="service_key").input(key).run()
    return button(app, "Connect").click().run()


def test_a_new_deployment_uses_the_built_in_engine_and_lists_its_models(engine: str, open_page: OpenPage) -> None:
    app = open_page("configuration")
    assert app.info[0].value == "New jobs run on: **Built-in engine**"
    assert app.dataframe[0].value["Model"].tolist() == ["motion/1"]


def test_a_valid_key_connects_to_its_workspace_and_is_used_for_new_jobs(
    engine: str, hosted: FakeService, open_page: OpenPage
) -> None:
    app = connect(open_page("configuration"), hosted.url, fake_service.KEY)
    assert app.success[0].value == "Connected to workspace **acme**."
    assert app.info[0].value.endswith("· workspace **acme**")
    app.switch_page("../pages/upload.py").run()
    assert not app.warning


def test_a_wrong_key_shows_an_error_and_changes_nothing(engine: str, hosted: FakeService, open_page: OpenPage) -> None:
    app = connect(open_page("configuration"), hosted.url, "rf_wrong_key")
    assert "returned 401" in app.error[0].value
    assert "Check the API key" in app.error[0].value
    assert not app.success
    assert app.info[0].value == "New jobs run on: **Built-in engine**"


def test_a_private_address_is_refused_unless_a_setting_allows_it(
    engine: str, hosted: FakeService, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAMETALLY_API_PRIVATE_URLS", "false")
    app = connect(open_page("configuration"), hosted.url, fake_service.KEY)
    assert "127.0.0.1 is a private address." in app.error[0].value
    assert r"FRAMETALLY\_API\_PRIVATE\_URLS=true" in app.error[0].value
    assert not app.success


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("here", "service URL is not valid"),
        ("https://api.example.com?api_key=rf_in_url", "query or credentials"),
        ("http://127.0.0.1:9", "could not connect to 127.0.0.1"),
    ],
)
def test_an_unusable_service_url_shows_the_reason(engine: str, open_page: OpenPage, address: str, reason: str) -> None:
    app = connect(open_page("configuration"), address, "rf_some_key")
    assert reason in app.error[0].value
    assert "rf_" not in app.error[0].value


def test_the_key_of_the_settings_is_only_sent_to_the_service_of_the_settings(
    engine: str, hosted: FakeService, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROBOFLOW_API_KEY", fake_service.KEY)
    app = connect(open_page("configuration"), hosted.url, "")
    assert "Enter an API key." in app.error[0].value


def test_the_key_is_neither_sent_back_nor_stored(
    engine: str, hosted: FakeService, open_page: OpenPage, data_dir: Path
) -> None:
    app = connect(open_page("configuration"), hosted.url, fake_service.KEY)
    assert app.text_input(key="service_key").value == fake_service.KEY  # the value in the browser
    assert not any(fake_service.KEY in shown(element) for element in app.main)
    kept = [path for path in data_dir.rglob("*") if path.is_file() and fake_service.KEY.encode() in path.read_bytes()]
    assert not kept


def test_choosing_the_built_in_engine_disconnects_from_the_service(
    engine: str, hosted: FakeService, open_page: OpenPage
) -> None:
    app = connect(open_page("configuration"), hosted.url, fake_service.KEY)
    app.radio(key="service_way").set_value("Built-in engine").run()
    assert app.info[0].value == "New jobs run on: **Built-in engine**"


def test_a_key_of_the_settings_is_used_without_being_shown(
    engine: str, hosted: FakeService, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAMETALLY_API_URL", hosted.url)
    monkeypatch.setenv("ROBOFLOW_API_KEY", fake_service.KEY)
    app = open_page("configuration")
    assert hosted.url.split("//")[1] in app.info[0].value.replace("\\", "")
    button(app, "Connect").click().run()
    assert app.success[0].value == "Connected to workspace **acme**."
    assert not any(fake_service.KEY in shown(element) for element in app.main)


def test_a_pasted_url_fills_in_the_form_without_its_key(
    engine: str, open_page: OpenPage, deployment: Deployment
) -> None:
    app = open_page("configuration")
    app.text_input(key="preset_paste").input(UNIVERSE).run()
    assert app.text_input(key="preset_model_id").value == "forklifts"
    assert app.text_input(key="preset_version").value == "7"
    assert not any("rf_pasted_key" in shown(element) for element in app.main)
    app.text_input(key="preset_name").input("Dock")
    button(app, "Save model").click().run()
    model = ModelChoice(model_id="forklifts", version="7", confidence=0.25)
    assert deployment.ledger.presets.all() == [Preset(name="Dock", model=model, service="embedded")]
    assert "**Dock**" in " ".join(element.value for element in app.markdown)


def test_pasted_text_without_a_model_and_version_is_refused(engine: str, open_page: OpenPage) -> None:
    app = open_page("configuration")
    app.text_input(key="preset_paste").input("forklifts").run()
    assert "No model and version found" in app.error[0].value


def test_a_model_without_a_version_is_not_saved(engine: str, open_page: OpenPage, deployment: Deployment) -> None:
    app = open_page("configuration")
    app.text_input(key="preset_model_id").input("forklifts")
    button(app, "Save model").click().run()
    assert "Enter a model ID and a version." in app.error[0].value
    assert deployment.ledger.presets.all() == []


def test_a_model_without_a_display_name_is_saved_under_its_id(
    engine: str, open_page: OpenPage, deployment: Deployment
) -> None:
    app = open_page("configuration")
    app.text_input(key="preset_model_id").input("forklifts")
    app.text_input(key="preset_version").input("7")
    app.selectbox(key="preset_type").set_value("instance-segmentation")
    app.slider(key="preset_confidence").set_value(0.4)
    button(app, "Save model").click().run()
    model = ModelChoice(model_id="forklifts", version="7", inference_type="instance-segmentation", confidence=0.4)
    assert deployment.ledger.presets.all() == [Preset(name="forklifts", model=model, service="embedded")]


def test_a_removed_model_can_be_restored(engine: str, open_page: OpenPage, deployment: Deployment) -> None:
    preset = Preset(name="*Dock*", model=ModelChoice(model_id="forklifts", version="7"))
    deployment.ledger.presets.save(preset)
    app = open_page("configuration")
    button(app, "Remove").click().run()
    assert deployment.ledger.presets.all() == []
    button(app, "Undo: restore \\*Dock\\*").click().run()
    assert deployment.ledger.presets.all() == [preset]
    assert not [button for button in app.button if button.label.startswith("Undo")]


def test_a_stored_video_is_removed_after_a_confirmation_that_says_what_uses_it(
    engine: str, deployment: Deployment, small_video: Path, open_page: OpenPage
) -> None:
    sha256 = deployment.library.add(small_video, "road.mp4", actor=None).sha256
    deployment.ledger.add(a_job("j1", status=JobStatus.SUCCEEDED, video_sha256=sha256))
    app = open_page("configuration")
    assert any("1 stored video" in caption.value for caption in app.caption)
    app.button(key="storage_remove").click().run()
    assert any("1 job on it" in text.value for text in app.markdown)
    app.checkbox(key="storage_also_jobs").check().run()
    app.button(key="storage_confirm").click().run()
    assert deployment.library.get(sha256) is None
    assert deployment.ledger.jobs() == []
    assert any("No stored videos" in caption.value for caption in app.caption)


def test_a_video_that_an_open_job_needs_cannot_be_removed(
    engine: str, deployment: Deployment, small_video: Path, open_page: OpenPage
) -> None:
    sha256 = deployment.library.add(small_video, "road.mp4", actor=None).sha256
    deployment.ledger.add(a_job("j1", status=JobStatus.SUBMITTED, video_sha256=sha256))
    app = open_page("configuration")
    app.button(key="storage_remove").click().run()
    assert app.button(key="storage_confirm").disabled
    assert any("has not ended" in warning.value for warning in app.warning)
