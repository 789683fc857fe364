"""The models of the engine: which there are, what each one is, and opening one for a job.

A model is `<models dir>/<model_id>/<version>/model.onnx`; which family reads it is decided by what the file says of
itself, not by its name. `motion/1` needs no file.
"""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from pathlib import Path
from typing import Final

from video_inference.contract import ModelInfo, ModelRequest
from video_inference.engine.detectors.detector import Detector, InferenceParams, parse_params
from video_inference.errors import ModelError

__all__ = ["Detector", "InferenceParams", "check_request", "list_models", "open_detector", "parse_params"]

MOTION: Final = ModelInfo("motion", "1", "object-detection", ["moving"])
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_RESULT_FIELDS: Final = frozenset({"frame_offset", "time_offset", "frame_offsets", "time_offsets"})
_LOG = logging.getLogger("frametally.engine")


def list_models(models_dir: Path) -> list[ModelInfo]:
    """Every model that can be run, by name. A file that cannot is left out, with a line in the log."""
    found = [MOTION]
    for path in sorted(models_dir.glob("*/*/model.onnx")):
        model_id, version = path.parts[-3:-1]
        try:
            found.append(describe(models_dir, model_id, version))
        except ModelError as error:
            _LOG.warning("%s", error)
    return sorted(found, key=lambda model: (model.model_id, model.model_version))


def describe(models_dir: Path, model_id: str, version: str) -> ModelInfo:
    """What a model is.

    Raises:
        ModelError: there is no such model (the message names those there are), or it cannot be run.
    """
    if (model_id, version) == (MOTION.model_id, MOTION.model_version):
        return MOTION
    path = _file_of(models_dir, model_id, version)
    classes = _read_classes(path, tuple(_stamp(file) for file in (path, path.with_name("classes.txt"))))
    return ModelInfo(model_id, version, "object-detection", list(classes))


def check_request(models_dir: Path, asked: ModelRequest) -> None:
    """Refuse what could not be run, before a job is accepted.

    Raises:
        ModelError: no such model, not one of the type asked for, or its parameters are wrong.
    """
    model = describe(models_dir, asked.model_id, asked.version)
    if asked.inference_type != model.inference_type:
        raise ModelError(
            f"{model.model_id}/{model.model_version} is a model for {model.inference_type}, "
            "not for the inference type that was asked for.",
            f"Ask for {model.inference_type}.",
        )
    params = parse_params(asked.inference_params)
    unknown = sorted(set(params.classes or ()) - set(model.classes))
    if unknown:
        raise ModelError(
            f"{model.model_id}/{model.model_version} has no class {unknown[0]}.", f"It has {', '.join(model.classes)}."
        )


def open_detector(models_dir: Path, model_id: str, version: str, params: InferenceParams) -> Detector:
    """A model ready for the first frame of a video.

    Raises:
        ModelError: it cannot be run.
    """
    if (model_id, version) == (MOTION.model_id, MOTION.model_version):
        from video_inference.engine.detectors.motion import MotionDetector

        return MotionDetector(params)
    from video_inference.engine.detectors.families import open_onnx_detector

    return open_onnx_detector(_file_of(models_dir, model_id, version), params)


def _file_of(models_dir: Path, model_id: str, version: str) -> Path:
    """The file of a model whose name came over the wire: it must not lead out of the models folder."""
    folder = models_dir / model_id / version
    allowed = _NAME.fullmatch(model_id) and _NAME.fullmatch(version) and model_id not in _RESULT_FIELDS
    if allowed and folder.resolve().is_relative_to(models_dir.resolve()) and (folder / "model.onnx").is_file():
        return folder / "model.onnx"
    known = ", ".join(f"{model.model_id}/{model.model_version}" for model in list_models(models_dir))
    raise ModelError("This engine has no such model.", f"It has {known}.")


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        facts = path.stat()
    except FileNotFoundError:
        return None
    return facts.st_mtime_ns, facts.st_size


@lru_cache(maxsize=256)
def _read_classes(path: Path, stamps: tuple[tuple[int, int] | None, ...]) -> tuple[str, ...]:  # noqa: ARG001
    """The classes of a model; read once for each state of its files, as opening a large one takes seconds."""
    from video_inference.engine.detectors.families import open_onnx_detector

    return tuple(open_onnx_detector(path, InferenceParams(), only_look=True).classes)
