"""The models of the engine: which there are, what each one is, and opening one for a job.

A model is `<models dir>/<model_id>/<version>/model.onnx`; which family reads it is decided by what the file says of
itself, not by its name. `motion/1` needs no file. A model that is not here may run on a server that the settings name.
"""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

from frametally.config.inference_servers import NO_SERVERS, InferenceServers, ServedModels
from frametally.contract import InferenceType, ModelInfo, ModelRequest
from frametally.engine.detectors.detector import Detector, InferenceParams, parse_params
from frametally.errors import ModelError

__all__ = ["Detector", "InferenceParams", "check_request", "list_models", "open_detector", "open_model", "parse_params"]

MOTION: Final = ModelInfo("motion", "1", "object-detection", ["moving"])
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_RESULT_FIELDS: Final = frozenset({"frame_offset", "time_offset", "frame_offsets", "time_offsets"})
_MAX_TOLD: Final = 100
_BESIDE: Final = ("classes.txt", "model.json")
_Stamp = tuple[int, int] | None
_LOG = logging.getLogger("frametally.engine")


def list_models(models_dir: Path, servers: InferenceServers = NO_SERVERS) -> list[ModelInfo]:
    """Every model that can be run, by name. A file that cannot is left out, with a line in the log."""
    found = [info for info in servers.models() if _served(models_dir, servers, info.model_id, info.model_version)]
    found.append(MOTION)
    for path in models_dir.glob("*/*/model.onnx"):
        model_id, version = path.parts[-3:-1]
        with suppress(ModelError):
            if _file_of(models_dir, model_id, version) and not _is_motion(model_id, version):
                found.append(describe(models_dir, model_id, version))
    return sorted(found, key=lambda model: (model.model_id, model.model_version))


def describe(models_dir: Path, model_id: str, version: str, servers: InferenceServers = NO_SERVERS) -> ModelInfo:
    """What a model is.

    Raises:
        ModelError: there is no such model (the message names those there are), or it cannot be run.
    """
    if _is_motion(model_id, version):
        return MOTION
    path = _file_of(models_dir, model_id, version)
    if path is None:
        known = ", ".join(f"{model.model_id}/{model.model_version}" for model in list_models(models_dir, servers))
        raise ModelError(f"There is no model {model_id[:100]}/{version[:100]} here.", f"There is {known}.")
    seen = _look(path, tuple(_stamp(one) for one in (path.parent, path, *map(path.with_name, _BESIDE))))
    if isinstance(seen, ModelError):
        raise seen
    inference_type, classes = seen
    return ModelInfo(model_id, version, inference_type, list(classes))


def check_request(models_dir: Path, asked: ModelRequest, servers: InferenceServers = NO_SERVERS) -> None:
    """Refuse what could not be run, before a job is accepted.

    Raises:
        ModelError: no such model, not one of the type asked for, or its parameters are wrong.
    """
    if served := _served(models_dir, servers, asked.model_id, asked.version):
        from frametally.engine.detectors.remote.remote import check_remote_request

        check_remote_request(served, asked)
        return
    model = describe(models_dir, asked.model_id, asked.version, servers)
    if asked.inference_type != model.inference_type:
        raise ModelError(
            f"{model.model_id}/{model.model_version} is a model for {model.inference_type}, "
            "not for the inference type that was asked for.",
            f"Ask for {model.inference_type}.",
        )
    params = parse_params(asked.inference_params)
    unknown = sorted(set(params.classes or ()) - set(model.classes))
    if unknown:
        known = ", ".join(model.classes[:_MAX_TOLD]) + (", …" if len(model.classes) > _MAX_TOLD else "")
        raise ModelError(f"{model.model_id}/{model.model_version} has no class {unknown[0]}.", f"It has {known}.")


def open_model(models_dir: Path, asked: ModelRequest, servers: InferenceServers = NO_SERVERS) -> Detector:
    """A model as a job asks for it, ready for the first frame of a video.

    Raises:
        ModelError: it cannot be run.
    """
    if served := _served(models_dir, servers, asked.model_id, asked.version):
        from frametally.engine.detectors.remote.inference_server import InferenceServer
        from frametally.engine.detectors.remote.remote import RemoteDetector

        name = f"{asked.model_id}/{asked.version}"
        return RemoteDetector(InferenceServer(served.url, servers.api_key, model=name), asked)
    return open_detector(models_dir, asked.model_id, asked.version, parse_params(asked.inference_params))


def open_detector(models_dir: Path, model_id: str, version: str, params: InferenceParams) -> Detector:
    """A model ready for the first frame of a video.

    Raises:
        ModelError: it cannot be run.
    """
    if _is_motion(model_id, version):
        from frametally.engine.detectors.motion import MotionDetector

        return MotionDetector(params)
    from frametally.engine.detectors.registry import open_onnx_detector

    path = _file_of(models_dir, model_id, version)
    if path is None:
        raise ModelError(f"The model {model_id}/{version} is not here any more.", "Put it back, or use another one.")
    return open_onnx_detector(path, params)


def _is_motion(model_id: str, version: str) -> bool:
    return (model_id, version) == (MOTION.model_id, MOTION.model_version)


def _served(models_dir: Path, servers: InferenceServers, model_id: str, version: str) -> ServedModels | None:
    """The part of the settings that gives a model to a server; None for what is here, and for no possible name."""
    here = _is_motion(model_id, version) or _file_of(models_dir, model_id, version)
    return servers.find(model_id, version) if not here and _is_name(model_id, version) else None


def _is_name(model_id: str, version: str) -> bool:
    return bool(_NAME.fullmatch(model_id) and _NAME.fullmatch(version)) and model_id not in _RESULT_FIELDS


def _file_of(models_dir: Path, model_id: str, version: str) -> Path | None:
    """The file of a model whose name may come over the wire, so it must not lead out of the models folder."""
    if not _is_name(model_id, version):
        return None
    folder = models_dir / model_id / version
    inside = folder.resolve().is_relative_to(models_dir.resolve())
    return folder / "model.onnx" if inside and (folder / "model.onnx").is_file() else None


def _stamp(path: Path) -> _Stamp:
    try:
        facts = path.stat()
    except FileNotFoundError:
        return None
    return facts.st_mtime_ns, facts.st_size


@lru_cache(maxsize=256)
def _look(path: Path, stamps: tuple[_Stamp, ...]) -> tuple[InferenceType, tuple[str, ...]] | ModelError:  # noqa: ARG001
    """What a model is for and its classes, or why it cannot be run; found out once for each state of its files."""
    from frametally.engine.detectors.registry import open_onnx_detector

    try:
        detector = open_onnx_detector(path, InferenceParams(), metadata_only=True)
        return detector.inference_type, tuple(detector.classes)
    except ModelError as error:
        _LOG.warning("%s", error)
        return error
    except Exception:  # whatever a stranger's file does, the other models are listed
        _LOG.exception("a model file could not be looked at")
        return ModelError(
            "The model file makes the engine fail.", "Export the model again. The engine's log says more."
        )
