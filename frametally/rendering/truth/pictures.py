"""One compared frame as a picture: what is missing, what is too many, what is right."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from frametally.analysis.unturned import is_unturned
from frametally.analysis.view import View, picked
from frametally.errors import VideoError
from frametally.evaluation.evaluation import Compared
from frametally.rendering.playback.exact_frames import MIN_WIDTH_PX
from frametally.rendering.playback.sources import Source
from frametally.rendering.scene import Scene
from frametally.results import Boxes
from frametally.video.decoding import Image

MISSING, EXTRA, RIGHT = "#ffd23f", "#ff4d4d", "#35c2a1"


def compared_jpeg(source: Source, view: View, compared: Compared, entry: int, image: Image) -> bytes:
    """The JPEG file of the displayed picture of an entry with its boxes.

    Args:
        source: of the view.
        view: its threshold decides which boxes of the model are there.
        compared: the view and the labels.
        entry: of the results.
        image: the displayed picture.

    Raises:
        VideoError: the entry was not compared.
    """
    from frametally.rendering.annotate import draw  # imports OpenCV and supervision
    from frametally.rendering.image_files import to_jpeg

    place = int(np.searchsorted(compared.pairing.entry, entry))
    if compared.outcome is None or place == len(compared.pairing) or compared.pairing.entry[place] != entry:
        raise VideoError("This frame was not compared.", "Reload the page.")
    size = _size(source, view, entry)
    right, *wrong = _layers(compared, view.confidence, place)
    picture = draw(image, *_scene([right], size), min_width_px=MIN_WIDTH_PX, with_labels=False)
    return to_jpeg(draw(picture, *_scene(wrong, size), with_confidence=False))


class _Layer(NamedTuple):
    xyxy: npt.NDArray[np.float32]
    names: list[str]
    color: str


def _layers(compared: Compared, confidence: float, place: int) -> list[_Layer]:
    """The right, extra and missing boxes."""
    aligned, outcome = compared.aligned, compared.outcome
    if outcome is None:
        return [_Layer(np.empty((0, 4), dtype=np.float32), [], RIGHT)]
    found, truth = aligned.found, aligned.truth
    shown = (found.confidence >= confidence) & (found.class_code < aligned.labeled_classes)
    here, there = shown & (found.entry == place), truth.entry == place

    def layer(boxes: Boxes, which: npt.NDArray[np.bool_], color: str, word: str = "") -> _Layer:
        kept = picked(boxes, np.flatnonzero(which))
        return _Layer(kept.xyxy, [f"{aligned.classes[code]}{word}" for code in kept.class_code.tolist()], color)

    return [
        layer(found, here & outcome.is_right, RIGHT),
        layer(found, here & outcome.is_wrong, EXTRA, ": too many"),
        layer(truth, there & outcome.missed(shown, aligned.ignored), MISSING, ": missing"),
    ]


def _scene(layers: list[_Layer], size: tuple[float, float]) -> tuple[Scene, dict[str, str]]:
    """What to draw, and the color of each name."""
    xyxy = np.concatenate([layer.xyxy for layer in layers])
    names = [name for layer in layers for name in layer.names]
    colors = {name: layer.color for layer in layers for name in layer.names}
    return Scene(wh=size, xyxy=xyxy, class_names=names, confidence=np.ones(len(names))), colors


def _size(source: Source, view: View, entry: int) -> tuple[float, float]:
    """The size of the upright picture that the boxes are compared in."""
    width, height = (float(side) for side in view.table.image_wh[entry])
    if not (width > 0 and height > 0):
        return float(source.upright_wh[0]), float(source.upright_wh[1])
    is_turned = is_unturned((width, height), source.upright_wh, source.orientation)
    return (height, width) if is_turned else (width, height)
