"""What of the results is counted: the model, the classes, the least confidence."""

from __future__ import annotations

import streamlit as st

from components.error_notice import plain
from video_inference.results import Results


def filters(results: Results, job_id: str) -> tuple[str, tuple[str, ...], float] | None:
    """Returns (model, classes, confidence 0 to 1); None where the file holds nothing to count."""
    if results.unread:
        names = ", ".join(plain(name) for name in results.unread)
        st.info(f"{names}: kept as JSON, of a kind that is not charted.", icon=":material/data_object:")
    models = list(results.by_model)
    if not models or not len(results.time_s):
        st.info("These results hold no frame with boxes to count.", icon=":material/info:")
        return None
    model_box, class_box, threshold_box = st.columns([1, 2, 1])
    model = models[0]
    if len(models) > 1:
        model = model_box.selectbox("Model", models, key=f"model-{job_id}") or model
    else:
        model_box.text_input("Model", model, disabled=True, key=f"only-model-{job_id}")
    known = results.by_model[model].classes
    classes = class_box.multiselect("Classes", known, known, key=f"classes-{job_id}-{model}")
    confidence = threshold_box.slider("Confidence at least", 0.0, 1.0, 0.25, 0.01, key=f"confidence-{job_id}")
    return model, tuple(classes), confidence
