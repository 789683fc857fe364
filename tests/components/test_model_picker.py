"""The offered models, and the model choice that an option represents."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def picker() -> None:
    import streamlit as st

    from components.model_picker import model_picker
    from frametally.contract import ModelInfo

    installed = [
        ModelInfo("motion", "1", "object-detection", ["moving"]),
        ModelInfo("coco", "3", "object-detection", ["car", "bus"]),
        ModelInfo("far-away", "2", "keypoint-detection", []),
    ]
    picked = model_picker([], installed, key="models")
    st.text(" ".join(f"{model.label}={model.inference_type}" for model in picked))


def test_a_model_with_unknown_classes_is_offered_with_its_type() -> None:
    app = AppTest.from_function(picker).run()
    (offered,) = app.multiselect
    assert offered.options == ["motion/1 · moving", "coco/3 · 2 classes", "far-away/2 · keypoint-detection"]
    offered.set_value([offered.options[2]]).run()
    assert app.text[0].value == "far-away/2=keypoint-detection"
