"""The Configuration page: which service, which key, which saved models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from frametally.deployment import Deployment
from frametally.job import ModelChoice
from frametally.ledger.ledger import Preset
from tests.support import fake_service
from tests.support.fake_service import FakeService
from tests.support.pages import OpenPage, button, shown

UNIVERSE = "https://detect.roboflow.com/forklifts/7?api_key=rf_pasted_key"


@pytest.fixture
def hosted() -> Iterator[FakeService]:
    with FakeService(in_words=False) as service:
        yield service


def choose_service(app: AppTest, url: str, key: str) -> AppTest:
    app.radio(key="service_way").set_value("Another URL").run()
    app.text_input(key="service_url").input(url).run()
    app.text_input(key="service_key").input(key).run()
    return button(app, "Test and use").click().run()


def test_a_fresh_deployment_runs_on_the_built_in_engine_and_lists_its_models(engine: str, open_page: OpenPage) -> None:
    app = open_page("configuration")
    assert app.info[0].value == "Jobs of this session run on **Built-in engine**."
    assert app.dataframe[0].value["Model"].tolist() == ["motion/1"]


def test_a_good_key_opens_its_workspace_and_is_used_from_then_on(
    engine: str, hosted: FakeService, open_page: OpenPage
) -> None:
    app = choose_service(open_page("configuration"), hosted.url, fake_service.KEY)
    assert app.success[0].value == "The key opens the workspace **acme**."
    assert app.info[0].value.endswith("· workspace **acme**.")
    app.switch_page("../pages/upload.py").run()
    assert not app.warning


def test_a_wrong_key_says_why_and_changes_nothing(engine: str, hosted: FakeService, open_page: OpenPage) -> None:
    app = choose_service(open_page("configuration"), hosted.url, "rf_wrong_key")
    assert "key" in app.error[0].value
    assert not app.success
    assert app.info[0].value == "Jobs of this session run on **Built-in engine**."


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("here", "The service URL is not valid."),
        ("https://api.example.com?api_key=rf_in_url", "The service URL carries more than a host."),
        ("http://127.0.0.1:9", "127.0.0.1"),
    ],
)
def test_an_address_that_cannot_be_asked_says_why(engine: str, open_page: OpenPage, address: str, reason: str) -> None:
    app = choose_service(open_page("configuration"), address, "rf_some_key")
    assert reason in app.error[0].value
    assert "rf_" not in app.error[0].value


def test_without_a_key_nothing_is_asked_and_a_key_of_the_settings_goes_to_its_own_service_only(
    engine: str, hosted: FakeService, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROBOFLOW_API_KEY", fake_service.KEY)
    app = choose_service(open_page("configuration"), hosted.url, "")
    assert "There is no API key yet." in app.error[0].value


def test_the_key_is_in_nothing_that_the_server_sends_or_keeps(
    engine: str, hosted: FakeService, open_page: OpenPage, data_dir: Path
) -> None:
    app = choose_service(open_page("configuration"), hosted.url, fake_service.KEY)
    assert app.text_input(key="service_key").value == fake_service.KEY  # in the browser; nothing sends it back there
    assert not any(fake_service.KEY in shown(element) for element in app.main)
    kept = [path for path in data_dir.rglob("*") if path.is_file() and fake_service.KEY.encode() in path.read_bytes()]
    assert not kept


def test_leaving_the_service_goes_back_to_the_engine(engine: str, hosted: FakeService, open_page: OpenPage) -> None:
    app = choose_service(open_page("configuration"), hosted.url, fake_service.KEY)
    app.radio(key="service_way").set_value("Built-in engine").run()
    assert app.info[0].value == "Jobs of this session run on **Built-in engine**."


def test_a_key_of_the_settings_is_used_without_being_shown(
    engine: str, hosted: FakeService, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAMETALLY_API_URL", hosted.url)
    monkeypatch.setenv("ROBOFLOW_API_KEY", fake_service.KEY)
    app = open_page("configuration")
    assert hosted.url.split("//")[1] in app.info[0].value.replace("\\", "")
    button(app, "Test and use").click().run()
    assert app.success[0].value == "The key opens the workspace **acme**."
    assert not any(fake_service.KEY in shown(element) for element in app.main)


def test_a_pasted_address_fills_the_form_and_loses_its_key(
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
    assert deployment.ledger.presets() == [Preset(name="Dock", model=model)]
    assert "**Dock**" in " ".join(element.value for element in app.markdown)


def test_what_names_no_model_is_said_beside_the_field(engine: str, open_page: OpenPage) -> None:
    app = open_page("configuration")
    app.text_input(key="preset_paste").input("forklifts").run()
    assert "This names no model and version." in app.error[0].value


def test_a_model_without_a_version_is_not_saved(engine: str, open_page: OpenPage, deployment: Deployment) -> None:
    app = open_page("configuration")
    app.text_input(key="preset_model_id").input("forklifts")
    button(app, "Save model").click().run()
    assert "A model needs an id and a version." in app.error[0].value
    assert deployment.ledger.presets() == []


def test_a_model_typed_by_hand_is_saved_under_its_id(engine: str, open_page: OpenPage, deployment: Deployment) -> None:
    app = open_page("configuration")
    app.text_input(key="preset_model_id").input("forklifts")
    app.text_input(key="preset_version").input("7")
    app.selectbox(key="preset_type").set_value("instance-segmentation")
    app.slider(key="preset_confidence").set_value(0.4)
    button(app, "Save model").click().run()
    model = ModelChoice(model_id="forklifts", version="7", inference_type="instance-segmentation", confidence=0.4)
    assert deployment.ledger.presets() == [Preset(name="forklifts", model=model)]


def test_a_removed_model_can_be_brought_back(engine: str, open_page: OpenPage, deployment: Deployment) -> None:
    preset = Preset(name="*Dock*", model=ModelChoice(model_id="forklifts", version="7"))
    deployment.ledger.save_preset(preset)
    app = open_page("configuration")
    button(app, "Remove").click().run()
    assert deployment.ledger.presets() == []
    button(app, "Undo: bring back \\*Dock\\*").click().run()
    assert deployment.ledger.presets() == [preset]
    assert not [button for button in app.button if button.label.startswith("Undo")]
