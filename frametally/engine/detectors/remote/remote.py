"""Models on an inference server: each frame is sent to it, and its response becomes the entry."""

from __future__ import annotations

import time
from typing import Annotated, Any, Final, Literal

import cv2
import msgspec
from msgspec import Meta, Struct, field

from frametally.config.inference_servers import ServedModels
from frametally.contract import ModelRequest
from frametally.engine.detectors.detector import Share
from frametally.engine.detectors.remote.inference_server import InferenceServer
from frametally.engine.picture import Picture
from frametally.errors import ModelError

PATHS: Final = {
    "object-detection": "/infer/object_detection",
    "instance-segmentation": "/infer/instance_segmentation",
    "semantic-segmentation": "/infer/semantic_segmentation",
    "keypoint-detection": "/infer/keypoints_detection",
    "classification": "/infer/classification",
    "gaze-detection": "/gaze/gaze_detection",
    "clip-embed-image": "/clip/embed_image",
}
VERSION_FIELDS: Final = {"gaze-detection": "gaze_version_id", "clip-embed-image": "clip_version_id"}
"""These two are not models of a workspace and have no `model_id`."""
DEFAULT_VERSION: Final = "1"
"""The contract's version number for the server's default version of these two."""
RESERVED_PARAMS: Final = ("api_key", "image", "model_id", "service_secret", "active_learning_target_dataset")
"""Parameters that a job may not send: they select an account, its data, or an address to read from."""


class RemoteDetector:
    """One model on a server, used for one video."""

    is_stateful = False

    def __init__(self, server: InferenceServer, asked: ModelRequest) -> None:
        self.classes: list[str] = []
        self._server = server
        self._type = asked.inference_type
        self._request = _request_template(asked)

    def infer(self, picture: Picture) -> Any:
        """The server's response as a `dict`; fields that are not in the contract are kept.

        Raises:
            ModelError: the server returned no valid response, even after retries.
        """
        started_s = time.perf_counter()
        image = {"type": "base64", "value": _jpeg(picture)}
        answer = self._server.post(PATHS[self._type], {**self._request, "image": image})
        if isinstance(answer, list):
            answer = _unwrap_list(answer, self._type)
        try:
            msgspec.convert(answer, _SHAPES[self._type])
        except msgspec.ValidationError as error:
            raise self._server.unexpected(f"a response that is not {self._type} ({error})") from error
        took_s = round(time.perf_counter() - started_s, 6)
        return {
            "time": answer.pop("time", None) or took_s,
            "image": answer.pop("image", None) or picture.size,
            **answer,
        }


class RemoteParams(Struct, frozen=True):
    """The parameters that are checked here; the server validates all others."""

    confidence: Share | Literal["best", "default"] | None = None
    iou_threshold: Share | None = None
    max_detections: Annotated[int, Meta(ge=1)] | None = None
    classes: list[str] | None = None


def check_remote_request(served: ServedModels, asked: ModelRequest) -> None:
    """Validate a request as far as possible without a call to the server.

    Raises:
        ModelError: the type differs from the one in the settings, or a parameter is invalid.
    """
    kind = served.type_of(asked.model_id)
    known = (kind,) if kind else tuple(PATHS)
    if asked.inference_type not in known:
        name = f"{asked.model_id}/{asked.version}"
        raise ModelError(f"{name} is not for the requested inference type.", f"Request {', '.join(known)}.")
    params = asked.inference_params or {}
    for name in RESERVED_PARAMS:
        if name in params:
            raise ModelError(
                f"The inference_params may not contain {name}.", "Remove it from the parameters of the job."
            )
    try:
        msgspec.convert(params, RemoteParams)
    except msgspec.ValidationError as error:
        raise ModelError("The inference_params are invalid.", str(error)) from error


def _request_template(asked: ModelRequest) -> dict[str, Any]:
    """The part of the request that is the same for every picture."""
    params = dict(asked.inference_params or {})
    if "classes" in params:
        params["class_filter"] = params.pop("classes")
    version_field = VERSION_FIELDS.get(asked.inference_type)
    if version_field is None:
        return {**params, "model_id": f"{asked.model_id}/{asked.version}"}
    return params if asked.version == DEFAULT_VERSION else {**params, version_field: asked.version}


def _jpeg(picture: Picture) -> bytes:
    """The picture as JPEG, as the vendor's SDK sends it; msgspec encodes bytes as base64."""
    return cv2.imencode(".jpg", picture.bgr())[1].tobytes()


def _unwrap_list(items: list[Any], inference_type: str) -> Any:
    """The response in a list with one item per picture; some versions of gaze return the bare list of faces."""
    if len(items) == 1 and isinstance(items[0], dict) and "face" not in items[0]:
        return items[0]
    return {"predictions": items} if inference_type == "gaze-detection" else items


class _Box(Struct):
    x: float
    y: float
    width: float
    height: float
    class_name: str = field(name="class")
    confidence: float | None = None


class _Boxes(Struct):
    predictions: list[_Box]


class _Label(Struct):
    confidence: float


class _NamedLabel(Struct):
    confidence: float
    class_name: str = field(name="class")


class _Labels(Struct):
    predictions: list[_NamedLabel] | dict[str, _Label]


class _Mask(Struct):
    segmentation_mask: str
    class_map: dict[str, str]


class _Masked(Struct):
    predictions: _Mask


class _Face(Struct):
    face: _Box
    yaw: float
    pitch: float


class _Faces(Struct):
    predictions: list[_Face]


class _Embedded(Struct):
    embeddings: Annotated[list[list[float]], Meta(min_length=1)]


_SHAPES: Final[dict[str, Any]] = {
    **dict.fromkeys(("object-detection", "instance-segmentation", "keypoint-detection"), _Boxes),
    "semantic-segmentation": _Masked,
    "classification": _Labels,
    "gaze-detection": _Faces,
    "clip-embed-image": _Embedded,
}
"""The required fields of a response, by type."""
