"""`model.json` beside a model: what its file does not say of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal, get_args

import msgspec
from msgspec import Meta, Struct, field

from frametally.errors import ModelError

ArchitectureName = Literal[
    "yolov5",
    "yolov8",
    "yolo-nms-free",
    "yolox",
    "nanodet",
    "fastestdet",
    "rf-detr",
    "rt-detr",
    "d-fine",
    "classification",
    "semantic-segmentation",
]
ARCHITECTURE_NAMES: Final[tuple[str, ...]] = get_args(ArchitectureName)
Resize = Literal["letterbox", "letterbox-top-left", "stretch", "center-crop"]
Pixels = Annotated[int, Meta(ge=1, le=8192)]
Triple = tuple[float, float, float]
Positive = Annotated[float, Meta(gt=0)]

_FILE: Final = "model.json"
MAX_BYTES: Final = 1 << 20
"""Of a text file beside a model."""


class ModelConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every key is optional; one that is there wins over what the file says."""

    architecture: ArchitectureName | None = field(name="family", default=None)
    """How the outputs are read: `yolov8` also 9, 11, 12; `yolo-nms-free` 10, 26; `d-fine` also DEIM and RT-DETR."""
    task: Literal["detect", "segment", "pose"] | None = None
    """What a YOLO head of this layout is for."""
    names: list[str] | dict[str, str] | None = None
    """Class names in order, or by the column of the output that is theirs."""
    keypoint_names: list[str] | None = None
    input_size_px: tuple[Pixels, Pixels] | None = None
    """Width and height."""
    resize: Resize | None = None
    crop_share: Annotated[float, Meta(gt=0, le=1)] | None = None
    """For `center-crop`: how much of the shorter side is kept; 0.875 is 224 out of 256."""
    pad_value: Annotated[int, Meta(ge=0, le=255)] | None = None
    """Level of what a letterbox leaves free."""
    color_order: Literal["RGB", "BGR"] | None = None
    mean: Triple | None = None
    std: tuple[Positive, Positive, Positive] | None = None
    """The model sees (value - mean) / std of values 0 to 1, in the order of `color_order`."""
    activation: Literal["softmax", "sigmoid", "none"] | None = None
    """What still makes probabilities of the outputs of a classification."""
    multi_label: bool | None = None
    """Whether a classification may have several labels; unset: where a sigmoid makes each probability by itself."""
    decoded: bool = False
    """For `yolox`: its boxes are pixels, not the raw grid."""


def read_model_config(folder: Path, model: str) -> ModelConfig:
    """What `model.json` in a model's folder says; an empty card where there is none.

    Raises:
        ModelError: it is no JSON, or has a key or a value that it cannot have.
    """
    text = read_companion_file(folder, _FILE, model)
    if text is None:
        return ModelConfig()
    try:
        return msgspec.json.decode(text, type=ModelConfig)
    except (msgspec.MsgspecError, RecursionError) as error:
        keys = ", ".join(ModelConfig.__struct_encode_fields__)
        raise ModelError(f"The model.json of {model} is wrong: {str(error)[:300]}.", f"Its keys are {keys}.") from error


def read_companion_file(folder: Path, name: str, model: str) -> str | None:
    """A text file of a model's folder; None where there is none.

    Raises:
        ModelError: it leads elsewhere, is too large, or is no text.
    """
    path = folder / name
    if not path.exists():
        return None
    if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()) or path.stat().st_size > MAX_BYTES:
        raise ModelError(f"The {name} of {model} is no small file in its folder.", "Put a plain copy there.")
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"The {name} of {model} cannot be read as text.", "Save it as UTF-8.") from error
