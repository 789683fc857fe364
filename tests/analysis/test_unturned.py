"""Which results refer to the stored picture instead of the upright one."""

from __future__ import annotations

import pytest

from frametally.analysis.unturned import is_unturned
from frametally.video.orientation import UPRIGHT, Orientation

TURNED = Orientation(True, True, False)


@pytest.mark.parametrize(
    ("reported_wh", "expected"),
    [((160, 96), True), ((96, 160), False), ((640, 384), True), ((641, 384), True), ((640, 640), False), (None, False)],
)
def test_results_of_the_stored_shape_are_recognized(reported_wh: tuple[float, float] | None, expected: bool) -> None:
    assert is_unturned(reported_wh, (96, 160), TURNED) is expected


def test_upright_and_square_pictures_are_never_recognized() -> None:
    assert not is_unturned((160, 96), (96, 160), UPRIGHT)
    assert not is_unturned((160, 96), (96, 160), Orientation(False, True, True))
    assert not is_unturned((100, 100), (100, 100), TURNED)


def test_nearly_square_pictures_are_recognized_by_their_exact_size() -> None:
    assert is_unturned((201, 200), (200, 201), TURNED)
    assert not is_unturned((200, 201), (200, 201), TURNED)
    assert not is_unturned((402, 400), (200, 201), TURNED)
