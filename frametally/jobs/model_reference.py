"""Parse a model reference: `project/3`, or the URL of a Universe page or of an inference API."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from frametally.errors import SettingsError
from frametally.job import ModelChoice

_TYPE_BY_HOST = {
    "outline": "instance-segmentation",
    "segment": "semantic-segmentation",
    "classify": "classification",
}
_PAGE_WORDS = {"model", "models", "dataset", "browse", "deploy", "visualize", "overview", "health", "images"}
_VENDOR = ".roboflow.com"
_NUMBER, _WITH_A_DIGIT = re.compile(r"[0-9]+"), re.compile(r".*[0-9].*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def parse_model_reference(text: str) -> ModelChoice:
    """The model in a pasted id or URL; an API key in the URL is dropped.

    Accepted: `project/3`, `workspace/project/3`, `universe.roboflow.com/workspace/project/model/3`,
    `detect.roboflow.com/project/3?api_key=…`, `clip`, `gaze`.

    Raises:
        SettingsError: the text contains no model and version.
    """
    text = text.strip()
    if text in ("clip", "gaze"):
        kind = {"clip": "clip-embed-image", "gaze": "gaze-detection"}[text]
        return ModelChoice(model_id=text, version="1", inference_type=kind)
    host, segments = _split(text)
    # A workspace or project may have the name of a page, so only later segments are dropped.
    names = segments[:2] + [segment for segment in segments[2:] if segment.lower() not in _PAGE_WORDS]
    is_version = _NUMBER if host.endswith(_VENDOR) else _WITH_A_DIGIT
    if len(names) < 2 or not all(_NAME.fullmatch(name) for name in names) or not is_version.fullmatch(names[-1]):
        raise SettingsError("No model and version found in this text.", "Paste project/3, or the URL of its page.")
    kind = _TYPE_BY_HOST.get(host.split(".")[0], "object-detection")
    return ModelChoice(model_id=names[-2], version=names[-1], inference_type=kind)


def _split(text: str) -> tuple[str, list[str]]:
    """The host, empty where there is none, and the segments of the path."""
    try:
        parts = urlsplit(text if "//" in text else f"//{text}" if f"{_VENDOR}/" in text else f"///{text}")
    except ValueError:
        return "", []
    return parts.hostname or "", [segment for segment in parts.path.split("/") if segment]
