"""The models of the engine: list, describe and open them.

A model is `<models dir>/<model_id>/<version>/model.onnx`; its architecture is detected from the file. `motion/1` needs
no file. Models without a file can run on an inference server named in the settings.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

from frametally.config.inference_servers import NO_SERVERS, InferenceServers, ServedModels
from frametally.contract import ModelInfo, ModelRequest
from frametally.engine.detectors.detector import Detector, InferenceParams, parse_params
from frametally.engine.detectors.model_config import companion_files
from frametally.engine.detectors.selection.inspection import Inspection, inspect_model
from frametally.errors import ModelError

__all__ = [
    "Detector",
    "InferenceParams",
    "check_request",
    "list_models",
    "list_refused",
    "open_detector",
    "open_model",
    "parse_params",
]

MOTION: Final = ModelInfo("motion", "1", "object-detection", ["moving"])
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_RESULT_FIELDS: Final = frozenset({"frame_offset", "time_offset", "frame_offsets", "time_offsets"})
_MAX_LISTED_CLASSES: Final = 100
_Stamp = tuple[int, int] | None


def list_models(models_dir: Path, servers: InferenceServers = NO_SERVERS) -> list[ModelInfo]:
    """Every model that can be run, sorted by name. A file that cannot be run is skipped and logged."""
    models = [info for info in servers.models() if _served(models_dir, servers, info.model_id, info.model_version)]
    models.append(MOTION)
    for path in models_dir.glob("*/*/model.onnx"):
        model_id, version = path.parts[-3:-1]
        with suppress(ModelError):
            if _file_of(models_dir, model_id, version) and not _is_motion(model_id, version):
                models.append(describe(models_dir, model_id, version))
    return sorted(models, key=lambda model: (model.model_id, model.model_version))


def list_refused(models_dir: Path) -> list[ModelInfo]:
    """The model files that cannot be run, with the reason, sorted by name."""
    refused = []
    for path in sorted(models_dir.glob("*/*/model.onnx")):
        model_id, version = path.parts[-3:-1]
        if _file_of(models_dir, model_id, version) and not _is_motion(model_id, version):
            try:
                describe(models_dir, model_id, version)
            except ModelError as error:
                refused.append(ModelInfo(model_id, version, "", [], error.what, error.next_step))
    return refused


def describe(models_dir: Path, model_id: str, version: str, servers: InferenceServers = NO_SERVERS) -> ModelInfo:
    """The inference type and classes of a model.

    Raises:
        ModelError: there is no such model (the message lists the existing ones), or it cannot be run.
    """
    if _is_motion(model_id, version):
        return MOTION
    path = _file_of(models_dir, model_id, version)
    if path is None:
        known = ", ".join(f"{model.model_id}/{model.model_version}" for model in list_models(models_dir, servers))
        raise ModelError(f"Model {model_id[:100]}/{version[:100]} is not installed.", f"Installed models: {known}.")
    found = _inspect(path, tuple(_stamp(one) for one in (path.parent, path, *companion_files(path.parent))))
    if found.refusal or found.inference_type is None:
        raise found.refusal or ModelError(f"{model_id}/{version} cannot be run.")
    return ModelInfo(model_id, version, found.inference_type, list(found.classes))


def check_request(models_dir: Path, asked: ModelRequest, servers: InferenceServers = NO_SERVERS) -> None:
    """Check a model request before its job is accepted.

    Raises:
        ModelError: there is no such model, its type differs from the requested one, or a parameter is invalid.
    """
    if served := _served(models_dir, servers, asked.model_id, asked.version):
        from frametally.engine.detectors.remote.remote import check_remote_request

        check_remote_request(served, asked)
        return
    model = describe(models_dir, asked.model_id, asked.version, servers)
    if asked.inference_type != model.inference_type:
        raise ModelError(
            f"{model.model_id}/{model.model_version} is a model for {model.inference_type}, "
            "not for the requested inference type.",
            f"Request {model.inference_type}.",
        )
    params = parse_params(asked.inference_params)
    unknown = sorted(set(params.classes or ()) - set(model.classes))
    if unknown:
        known = ", ".join(model.classes[:_MAX_LISTED_CLASSES]) + (
            ", …" if len(model.classes) > _MAX_LISTED_CLASSES else ""
        )
        raise ModelError(f"{model.model_id}/{model.model_version} has no class {unknown[0]}.", f"Its classes: {known}.")


def open_model(models_dir: Path, asked: ModelRequest, servers: InferenceServers = NO_SERVERS) -> Detector:
    """Open a model with the parameters of a job.

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
    """Open an installed model.

    Raises:
        ModelError: it cannot be run.
    """
    if _is_motion(model_id, version):
        from frametally.engine.detectors.motion import MotionDetector

        return MotionDetector(params)
    path = _file_of(models_dir, model_id, version)
    if path is None:
        raise ModelError(f"Model {model_id}/{version} is no longer installed.", "Restore it or use another model.")
    return _open(path, params)


def _open(path: Path, params: InferenceParams) -> Detector:
    from frametally.engine.detectors.onnx_file import OnnxFile
    from frametally.engine.detectors.registry import ARCHITECTURES

    found = inspect_model(path)
    if found.refusal or found.architecture is None:
        raise found.refusal or ModelError("This model cannot be run.")
    file = OnnxFile(path, metadata_only=False).variant(decoded=found.decoded)
    return ARCHITECTURES[found.architecture].open(file, params)


def _is_motion(model_id: str, version: str) -> bool:
    return (model_id, version) == (MOTION.model_id, MOTION.model_version)


def _served(models_dir: Path, servers: InferenceServers, model_id: str, version: str) -> ServedModels | None:
    """The inference server that runs a model; None if it is installed, its name is invalid, or no server has it."""
    is_installed = _is_motion(model_id, version) or _file_of(models_dir, model_id, version)
    return servers.find(model_id, version) if not is_installed and _is_name(model_id, version) else None


def _is_name(model_id: str, version: str) -> bool:
    return bool(_NAME.fullmatch(model_id) and _NAME.fullmatch(version)) and model_id not in _RESULT_FIELDS


def _file_of(models_dir: Path, model_id: str, version: str) -> Path | None:
    """The file of a model; None if it is not installed.

    The name may come from a request: a path that leads out of the models folder is ignored.
    """
    if not _is_name(model_id, version):
        return None
    folder = models_dir / model_id / version
    inside = folder.resolve().is_relative_to(models_dir.resolve())
    return folder / "model.onnx" if inside and (folder / "model.onnx").is_file() else None


def _stamp(path: Path) -> _Stamp:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=256)
def _inspect(path: Path, stamps: tuple[_Stamp, ...]) -> Inspection:  # noqa: ARG001
    """The same as `inspect_model`, without reading the files again until one of them changes."""
    return inspect_model(path)
