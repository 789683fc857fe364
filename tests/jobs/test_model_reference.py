"""Model references as people paste them."""

from __future__ import annotations

import pytest

from frametally.errors import SettingsError
from frametally.job import ModelChoice
from frametally.jobs.model_reference import parse_model_reference

DETECT, OUTLINE = "object-detection", "instance-segmentation"
KEY = "rf_S3cret"


@pytest.mark.parametrize(
    ("text", "model_id", "version", "kind"),
    [
        ("cars/3", "cars", "3", DETECT),
        ("  cars/3\n", "cars", "3", DETECT),
        ("acme/cars/3", "cars", "3", DETECT),
        ("yolov8n/int8_640", "yolov8n", "int8_640", DETECT),
        ("my.cars/3", "my.cars", "3", DETECT),
        ("health/3", "health", "3", DETECT),
        ("clip", "clip", "1", "clip-embed-image"),
        ("gaze", "gaze", "1", "gaze-detection"),
        ("https://universe.roboflow.com/acme/cars/model/3", "cars", "3", DETECT),
        ("https://universe.roboflow.com/acme/cars/dataset/3?ref=x#top", "cars", "3", DETECT),
        ("https://universe.roboflow.com/acme/health/model/3", "health", "3", DETECT),
        ("universe.roboflow.com/acme/cars/model/3", "cars", "3", DETECT),
        ("https://app.roboflow.com/acme/cars/models/3", "cars", "3", DETECT),
        (f"https://detect.roboflow.com/cars/3?api_key={KEY}", "cars", "3", DETECT),
        (f"https://serverless.roboflow.com/cars/3?api_key={KEY}", "cars", "3", DETECT),
        ("https://outline.roboflow.com/cars/3", "cars", "3", OUTLINE),
        ("outline.roboflow.com/cars/3", "cars", "3", OUTLINE),
        ("https://segment.roboflow.com/roads/12/", "roads", "12", "semantic-segmentation"),
        ("https://classify.roboflow.com/fruit/1", "fruit", "1", "classification"),
    ],
)
def test_a_model_is_parsed_from_an_id_or_a_url(text: str, model_id: str, version: str, kind: str) -> None:
    assert parse_model_reference(text) == ModelChoice(model_id=model_id, version=version, inference_type=kind)


@pytest.mark.parametrize(
    "text",
    [
        *("", "/", "cars", "3", "cars/", "cars/latest", "c ars/3", "../3", "cars/3;rm", "<b>/3", "x" * 101 + "/3"),
        *("https://", "http://[/cars/3", "https://universe.roboflow.com/acme/cars"),
        *("https://universe.roboflow.com/acme-1/cars-2022", f"https://detect.roboflow.com/?api_key={KEY}"),
    ],
)
def test_a_text_without_model_and_version_is_refused_and_not_quoted(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_model_reference(text)
    assert KEY not in str(caught.value)
