"""Models that an inference server of the team's own runs: each frame is sent to it, its answer becomes the entry."""

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
"""These two are no models of a workspace, so they have no `model_id`."""
OWN_VERSION: Final = "1"
"""How the contract calls the version of these two that the server takes by itself."""
RESERVED_PARAMS: Final = ("api_key", "image", "model_id", "service_secret", "active_learning_target_dataset")
"""What a job may not say to a server: these name an account, its data, or an address to read from."""


class RemoteDetector:
    """One model of a server at work on one video."""

    is_stateful = False

    def __init__(self, server: InferenceServer, asked: ModelRequest) -> None:
        self.classes: list[str] = []
        self._server = server
        self._type = asked.inference_type
        self._question = _question(asked)

    def infer(self, picture: Picture) -> Any:
        """The server's answer as a `dict`: what it says beyond the contract stays in it.

        Raises:
            ModelError: no answer that is one, also after further tries.
        """
        started_s = time.perf_counter()
        image = {"type": "base64", "value": _jpeg(picture)}
        answer = self._server.ask(PATHS[self._type], {**self._question, "image": image})
        if isinstance(answer, list):
            answer = _of_one_picture(answer, self._type)
        try:
            msgspec.convert(answer, _SHAPES[self._type])
        except msgspec.ValidationError as error:
            raise self._server.unexpected(f"something that is no {self._type} ({error})") from error
        took_s = round(time.perf_counter() - started_s, 6)
        return {
            "time": answer.pop("time", None) or took_s,
            "image": answer.pop("image", None) or picture.size,
            **answer,
        }


class RemoteParams(Struct, frozen=True):
    """What is checked of the parameters; the server knows more of them, and says so itself where one is wrong."""

    confidence: Share | Literal["best", "default"] | None = None
    iou_threshold: Share | None = None
    max_detections: Annotated[int, Meta(ge=1)] | None = None
    classes: list[str] | None = None


def check_remote_request(served: ServedModels, asked: ModelRequest) -> None:
    """Refuse what its server could not run, as far as it can be told without asking it.

    Raises:
        ModelError: another type than the settings name for it, or parameters that are wrong.
    """
    kind = served.type_of(asked.model_id)
    known = (kind,) if kind else tuple(PATHS)
    if asked.inference_type not in known:
        name = f"{asked.model_id}/{asked.version}"
        raise ModelError(f"{name} is not for the inference type that was asked for.", f"Ask for {', '.join(known)}.")
    params = asked.inference_params or {}
    for name in RESERVED_PARAMS:
        if name in params:
            raise ModelError(
                f"The inference_params may not hold {name}.", "Leave it out: the engine's settings say it."
            )
    try:
        msgspec.convert(params, RemoteParams)
    except msgspec.ValidationError as error:
        raise ModelError("The inference_params are wrong.", str(error)) from error


def _question(asked: ModelRequest) -> dict[str, Any]:
    """What is the same for every picture."""
    params = dict(asked.inference_params or {})
    if "classes" in params:
        params["class_filter"] = params.pop("classes")
    version_field = VERSION_FIELDS.get(asked.inference_type)
    if version_field is None:
        return {**params, "model_id": f"{asked.model_id}/{asked.version}"}
    return params if asked.version == OWN_VERSION else {**params, version_field: asked.version}


def _jpeg(picture: Picture) -> bytes:
    """The picture as the vendor's SDK would send it; in JSON, bytes become base64."""
    return cv2.imencode(".jpg", picture.bgr())[1].tobytes()


def _of_one_picture(answers: list[Any], inference_type: str) -> Any:
    """The answer out of a list with one for each picture; some versions of gaze answer with the bare list of faces."""
    if len(answers) == 1 and isinstance(answers[0], dict) and "face" not in answers[0]:
        return answers[0]
    return {"predictions": answers} if inference_type == "gaze-detection" else answers


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
"""The least that an answer of each type has."""
