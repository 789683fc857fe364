"""The offered models, and the model choice that an option represents."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from frametally.job import EMBEDDED, ModelChoice
from frametally.ledger.ledger import Ledger
from frametally.ledger.presets import Preset
from frametally.sample import find_sample
from tests.support.ledgers import START, a_job, open_ledger

HOSTED = "https://api.example.com"


@pytest.fixture
def ledger(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Ledger]:
    path = shutil.copy(migrated_sqlite, tmp_path / "frametally.db")
    with open_ledger(f"sqlite:///{path}") as ledger:
        yield ledger


def picker() -> None:
    import streamlit as st

    from components.model_picker import model_picker
    from frametally.contract import ModelInfo
    from frametally.job import EMBEDDED

    installed = [
        ModelInfo("motion", "1", "object-detection", ["moving"]),
        ModelInfo("coco", "3", "object-detection", ["car", "bus"]),
        ModelInfo("far-away", "2", "keypoint-detection", []),
    ]
    ledger, service = st.session_state["ledger"], st.session_state["service"]
    picked = model_picker(ledger, service, installed if service == EMBEDDED else [], key="models")
    st.text(" ".join(f"{model.label}={model.inference_type}" for model in picked))


def opened(ledger: Ledger, service: str = EMBEDDED) -> AppTest:
    app = AppTest.from_function(picker)
    app.session_state["ledger"], app.session_state["service"] = ledger, service
    app.run()
    assert not app.exception
    return app


def test_a_model_with_unknown_classes_is_offered_with_its_type(ledger: Ledger) -> None:
    app = opened(ledger)
    (offered,) = app.multiselect
    assert offered.options == ["motion/1 · moving", "coco/3 · 2 classes", "far-away/2 · keypoint-detection"]
    offered.set_value([offered.options[2]]).run()
    assert app.text[0].value == "far-away/2=keypoint-detection"


def test_a_model_saved_for_one_service_is_not_offered_for_another(ledger: Ledger) -> None:
    forklifts = ModelChoice(model_id="forklifts", version="7")
    ledger.presets.save(Preset(name="Dock", model=forklifts, service=HOSTED))
    assert opened(ledger).multiselect[0].value == ["motion/1 · moving"]
    assert not any("forklifts" in option for option in opened(ledger).multiselect[0].options)
    assert opened(ledger, HOSTED).multiselect[0].value == ["Dock · forklifts/7"]
    assert not opened(ledger, "https://other.example.com").multiselect


def test_a_model_saved_for_an_unknown_service_is_offered_last(ledger: Ledger) -> None:
    ledger.presets.save(Preset(name="Dock", model=ModelChoice(model_id="forklifts", version="7")))
    (offered,) = opened(ledger).multiselect
    assert (offered.value, offered.options[-1]) == (["motion/1 · moving"], "Dock · forklifts/7")
    assert opened(ledger, HOSTED).multiselect[0].value == ["Dock · forklifts/7"]


def test_the_models_of_the_last_job_on_the_service_are_preselected(ledger: Ledger) -> None:
    motion, coco = (ModelChoice(model_id=name, version=version) for name, version in (("motion", "1"), ("coco", "3")))
    careful = ModelChoice(model_id="coco", version="3", confidence=0.9)
    ledger.add(a_job("old", models=(motion,)))
    ledger.add(a_job("new", models=(coco,), created_at=START + timedelta(seconds=1)))
    assert opened(ledger).multiselect[0].value == ["coco/3 · 2 classes"]
    ledger.add(a_job("there", service=HOSTED, models=(motion,), created_at=START + timedelta(seconds=2)))
    assert opened(ledger).multiselect[0].value == ["coco/3 · 2 classes"]
    ledger.presets.save(Preset(name="Careful", model=careful, service=EMBEDDED))
    assert opened(ledger).multiselect[0].value == ["coco/3 · 2 classes"]  # as in the last job, not as saved
    ledger.add(a_job("newest", models=(careful, motion), created_at=START + timedelta(seconds=3)))
    assert opened(ledger).multiselect[0].value == ["Careful · coco/3", "motion/1 · moving"]


def test_a_model_that_is_gone_and_the_sample_are_not_preselected(ledger: Ledger) -> None:
    ledger.add(a_job("gone", models=(ModelChoice(model_id="gone", version="1"),)))
    assert opened(ledger).multiselect[0].value == ["motion/1 · moving"]
    sample = find_sample()
    assert sample is not None
    coco, later = (ModelChoice(model_id="coco", version="3"),), START + timedelta(seconds=1)
    ledger.add(a_job("sample", models=coco, created_at=later, video_sha256=sample.sha256))
    assert opened(ledger).multiselect[0].value == ["motion/1 · moving"]
