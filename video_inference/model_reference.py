"""What a person pastes to name a model: `project/3`, or the address of a Universe page or of an inference API."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from video_inference.errors import SettingsError
from video_inference.jobs import ModelChoice

_TYPE_BY_HOST = {
    "outline": "instance-segmentation",
    "segment": "semantic-segmentation",
    "classify": "classification",
}
_PAGE_WORDS = {"model", "models", "dataset", "browse", "deploy", "visualize", "overview", "health", "images"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def parse_model_reference(text: str) -> ModelChoice:
    """The model that a pasted id or address names; a key in the address is dropped.

    Understood: `project/3`, `workspace/project/3`, `universe.roboflow.com/workspace/project/model/3`,
    `detect.roboflow.com/project/3?api_key=…`, `clip`, `gaze`.

    Raises:
        SettingsError: it names no model and version.
    """
    text = text.strip()
    if text in ("clip", "gaze"):
        kind = {"clip": "clip-embed-image", "gaze": "gaze-detection"}[text]
        return ModelChoice(model_id=text, version="1", inference_type=kind)
    parts = urlsplit(text if "//" in text else f"//model/{text}")
    steps = [step for step in parts.path.split("/") if step]
    names = [step for step in steps if step.lower() not in _PAGE_WORDS]
    if len(names) < 2 or not all(_NAME.fullmatch(name) for name in names) or not re.search(r"\d", names[-1]):
        raise SettingsError("This names no model and version.", "Paste project/3, or the address of the model's page.")
    host = (parts.hostname or "").split(".")[0]
    return ModelChoice(
        model_id=names[-2], version=names[-1], inference_type=_TYPE_BY_HOST.get(host, "object-detection")
    )
