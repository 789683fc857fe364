"""`model.json` next to a model file: settings that the file itself does not contain."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal, get_args

import msgspec
from msgspec import Meta, Struct, field

from frametally.errors import ModelError

ArchitectureName = Literal[
    "yolov5",
    "yolov6",
    "yolov7-end2end",
    "yolov8",
    "yolo-nms-free",
    "deepstream",
    "yolox",
    "nanodet",
    "picodet",
    "fastestdet",
    "rf-detr",
    "rt-detr",
    "d-fine",
    "classification",
    "semantic-segmentation",
]
ARCHITECTURE_NAMES: Final[tuple[str, ...]] = get_args(ArchitectureName)
Interpolation = Literal["bilinear", "area", "antialias"]
Resize = Literal["letterbox", "letterbox-top-left", "stretch", "center-crop"]
Pixels = Annotated[int, Meta(ge=1, le=8192)]
Triple = tuple[float, float, float]
Name = str | int | float
Positive = Annotated[float, Meta(gt=0)]

_FILE: Final = "model.json"
MAX_BYTES: Final = 1 << 20
"""Maximum size of a text file next to a model."""


class ModelConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every key is optional; a key that is set overrides the model file."""

    architecture: ArchitectureName | None = field(name="family", default=None)
    """The format of the outputs.

    `yolov8` includes YOLOv9, 11 and 12; `yolo-nms-free` is YOLOv10 and YOLO26; `d-fine` includes DEIM, and
    RT-DETR exported by its authors' code; `rt-detr` is RT-DETR exported by ultralytics.

    The key has been `family` since the first version.
    """
    task: Literal["detect", "segment", "pose"] | None = None
    """The task of a YOLO model."""
    names: list[Name] | dict[str, Name] | None = None
    """Class names in order, or by output column. A number, such as a digit or an article number, is a name as well."""
    keypoint_names: list[str] | None = None
    input_size_px: tuple[Pixels, Pixels] | None = None
    """Width and height."""
    resize: Resize | None = None
    crop_share: Annotated[float, Meta(gt=0, le=1)] | None = None
    """For `center-crop`: the share of the shorter side that is kept; 0.875 is 224 of 256."""
    interpolation: Interpolation | None = None
    """How the picture is scaled: `bilinear` without smoothing, as OpenCV does; `area` averages; `antialias` is bilinear
    with smoothing, as Pillow does."""
    pad_value: Annotated[int, Meta(ge=0, le=255)] | None = None
    """Level of the padding of a letterbox."""
    color_order: Literal["RGB", "BGR"] | None = None
    mean: Triple | None = None
    std: tuple[Positive, Positive, Positive] | None = None
    """The input is (value - mean) / std of values 0 to 1, in the order of `color_order`."""
    activation: Literal["softmax", "sigmoid", "none"] | None = None
    """Applied to the outputs of a classification to get probabilities."""
    multi_label: bool | None = None
    """Whether a classification may have several labels; by default if its activation is a sigmoid."""
    decoded: bool = False
    """For `yolox`: the boxes are in pixels, not relative to the grid. For `deepstream` with three outputs: the boxes
    are centers and sizes, not corners. Without `family`, this is found out."""


def read_model_config(folder: Path, model: str) -> ModelConfig:
    """The `model.json` in a model's folder; defaults if there is none.

    Raises:
        ModelError: it is not JSON, or has an unknown key or an invalid value.
    """
    text = read_companion_file(folder, _FILE, model)
    if text is None:
        return ModelConfig()
    try:
        return msgspec.json.decode(text, type=ModelConfig)
    except (msgspec.MsgspecError, RecursionError) as error:
        keys = ", ".join(ModelConfig.__struct_encode_fields__)
        raise ModelError(
            f"The model.json of {model} is invalid: {str(error)[:300]}.", f"Valid keys: {keys}."
        ) from error


def companion_files(folder: Path) -> list[Path]:
    """The files in a model's folder that decide with the model file how it is read, whether they exist or not."""
    return [folder / "classes.txt", folder / _FILE]


def read_companion_file(folder: Path, name: str, model: str) -> str | None:
    """A text file in a model's folder; None if there is none.

    Raises:
        ModelError: it is a link to another folder, too large, or not UTF-8.
    """
    path = folder / name
    if not path.exists():
        return None
    if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()) or path.stat().st_size > MAX_BYTES:
        raise ModelError(f"The {name} of {model} is a link or larger than 1 MB.", "Put a regular file there.")
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"The {name} of {model} is not UTF-8 text.", "Save it as UTF-8.") from error
