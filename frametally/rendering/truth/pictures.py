"""One compared frame as a picture: what is missing, what is too many, what is right."""

from __future__ import annotations

from typing import Final

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
_WORDS: Final = {MISSING: "missing", EXTRA: "too many"}


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
    picture = image
    for boxes, color in _layers(compared, view.confidence, place):
        names = [_name(compared.aligned.classes[code], color) for code in boxes.class_code.tolist()]
        scene = Scene(wh=_size(source, view, entry), xyxy=boxes.xyxy, class_names=names, confidence=boxes.confidence)
        min_width_px = MIN_WIDTH_PX if picture is image else 0
        picture = draw(
            picture,
            scene,
            dict.fromkeys(names, color),
            min_width_px=min_width_px,
            with_labels=color != RIGHT,
            with_confidence=False,
        )
    return to_jpeg(picture)


def _layers(compared: Compared, confidence: float, place: int) -> list[tuple[Boxes, str]]:
    """Boxes and their color, in the order of drawing."""
    aligned, outcome = compared.aligned, compared.outcome
    if outcome is None:
        return []
    found, truth = aligned.found, aligned.truth
    shown = (found.confidence >= confidence) & (found.class_code < aligned.labeled_classes)
    missed = outcome.missed(shown, aligned.ignored)
    here, there = found.entry == place, truth.entry == place
    return [
        (_picked(found, here & shown & outcome.is_right), RIGHT),
        (_picked(found, here & shown & outcome.is_wrong), EXTRA),
        (_picked(truth, there & missed), MISSING),
    ]


def _picked(boxes: Boxes, which: npt.NDArray[np.bool_]) -> Boxes:
    return picked(boxes, np.flatnonzero(which))


def _name(name: str, color: str) -> str:
    return f"{name}: {_WORDS[color]}" if color in _WORDS else name


def _size(source: Source, view: View, entry: int) -> tuple[float, float]:
    """The size of the upright picture that the boxes are compared in."""
    width, height = (float(side) for side in view.table.image_wh[entry])
    if not (width > 0 and height > 0):
        return float(source.upright_wh[0]), float(source.upright_wh[1])
    is_turned = is_unturned((width, height), source.upright_wh, source.orientation)
    return (height, width) if is_turned else (width, height)
