"""What the Configuration page says of the models of the built-in engine."""

from __future__ import annotations

from components.configuration.service_panel import refused_models
from frametally.contract import ModelInfo

USABLE = ModelInfo(model_id="parcels", model_version="2", inference_type="object-detection", classes=["box"])


def test_each_model_that_cannot_be_used_is_named_with_its_reason_and_what_to_do() -> None:
    refused = [
        ModelInfo("nms", "1", "", [], "nms/1 contains a plug-in.", "Export it with `--no-nms`."),
        ModelInfo("x", "3", "", [], "This file has *no* classes."),
    ]
    assert refused_models([USABLE, *refused]).splitlines() == [
        "2 models cannot be used:",
        "",
        "- **nms/1** contains a plug-in. Export it with --no-nms.",
        "- **x/3** This file has \\*no\\* classes.",
    ]
    assert refused_models([USABLE]) == ""
