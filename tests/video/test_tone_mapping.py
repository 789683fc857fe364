"""HDR in SDR, compared with the formulas of the recommendations, computed pixel by pixel."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from av.video.reformatter import ColorTrc

from frametally.engine.picture import Picture
from frametally.video.decoding import decode, upright
from frametally.video.displayed_frame import first_displayed
from frametally.video.frame_index import build_index
from frametally.video.frame_reader import FrameReader
from frametally.video.probe import probe
from frametally.video.tone_mapping import is_hdr, sdr
from tests.support.geometry_videos import hdr_frame, write_hdr

PQ, HLG = ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67
TRANSFERS = pytest.mark.parametrize("transfer", [PQ, HLG], ids=["pq", "hlg"])


def pq_to_light(signal: float) -> float:
    """BT.2100, Table 4: cd/m²."""
    root = signal ** (1 / 78.84375)
    return float(10000 * (max(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125))


def light_to_pq(light: float) -> float:
    power = (light / 10000) ** 0.1593017578125
    return float(((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375)


def hlg_to_scene(signal: float) -> float:
    """BT.2100, Table 5."""
    return signal**2 / 3 if signal <= 0.5 else (math.exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12


def rolled_off(light: float) -> float:
    """BT.2390-10, 5.4.1, from 1000 to 203 cd/m², without lifted black."""
    peak = light_to_pq(1000)
    e1, max_lum = min(light_to_pq(light) / peak, 1), light_to_pq(203) / peak
    ks = 1.5 * max_lum - 0.5
    if e1 >= ks:
        t = (e1 - ks) / (1 - ks)
        e1 = (2 * t**3 - 3 * t**2 + 1) * ks + (t**3 - 2 * t**2 + t) * (1 - ks) + (-2 * t**3 + 3 * t**2) * max_lum
    return pq_to_light(e1 * peak)


def reference_bgr(y: float, cb: float, cr: float, transfer: ColorTrc) -> list[float]:
    luma, blue, red = (y - 64) / 876, (cb - 512) / 896, (cr - 512) / 896
    rgb = [luma + 1.4746 * red, luma - 0.2627 / 0.678 * 1.4746 * red - 0.0593 / 0.678 * 1.8814 * blue]
    signals = [min(max(value, 0), 1) for value in (*rgb, luma + 1.8814 * blue)]
    if transfer == PQ:
        lights = [pq_to_light(signal) for signal in signals]
    else:
        scene = [hlg_to_scene(signal) for signal in signals]
        luminance = 0.2627 * scene[0] + 0.678 * scene[1] + 0.0593 * scene[2]
        lights = [1000 * luminance**0.2 * value for value in scene]
    r, g, b = (rolled_off(light) / 203 for light in lights)
    bt709 = [  # BT.2087-0, Annex 1
        1.6605 * r - 0.5876 * g - 0.0728 * b,
        -0.1246 * r + 1.1329 * g - 0.0083 * b,
        -0.0182 * r - 0.1006 * g + 1.1187 * b,
    ]
    return [255 * min(max(value, 0), 1) ** (1 / 2.4) for value in reversed(bt709)]


@TRANSFERS
def test_colors_are_within_two_levels_of_the_formulas(transfer: ColorTrc) -> None:
    random = np.random.default_rng(5)
    gray = np.stack([np.linspace(64, 940, 60).round(), *[np.full(60, 512)] * 2], axis=1).astype(int)
    colored = np.stack([random.integers(64, 941, 300), *random.integers(400, 624, (2, 300))], axis=1)
    yuv = np.concatenate([gray, colored])
    frame = hdr_frame(yuv, transfer)
    found = sdr(frame, frame.width, frame.height)[1, 1::4].astype(float)
    expected = np.array([reference_bgr(y, cb, cr, transfer) for y, cb, cr in yuv.tolist()])
    assert np.abs(found - expected).max() <= 2
    assert found[0].max() == 0
    assert found[59].min() == 255
    assert expected[:60].std() > 60


@TRANSFERS
def test_reference_white_stays_bright_and_highlights_keep_detail(transfer: ColorTrc) -> None:
    """203 cd/m² (BT.2408: 58 % of PQ, 75 % of HLG) is below white, and 400 cd/m² is brighter."""
    levels = (0.58, 0.65) if transfer == PQ else (0.75, 0.83)
    yuv = np.array([[round(64 + 876 * level), 512, 512] for level in levels])
    white, highlight = sdr(hdr_frame(yuv, transfer), 8, 4)[1, 1::4].astype(int).mean(axis=1)
    assert 200 < white < highlight < 255


@TRANSFERS
def test_hdr_is_mapped_wherever_frames_are_shown_but_not_for_models(tmp_path: Path, transfer: ColorTrc) -> None:
    path = write_hdr(tmp_path / "hdr.mp4", transfer)
    expected = reference_bgr(572, 512, 512, transfer)[0]
    frame = next(decode(path))
    assert is_hdr(frame)
    assert probe(path).is_hdr
    reader = FrameReader(path, build_index(path))
    shown = reader.displayed(1)
    assert shown is not None
    assert shown.is_tone_mapped
    ((_, thumbnail),) = reader.thumbnails([0], 32)
    for image in (shown.image, first_displayed(path).image, thumbnail):
        assert image.mean() == pytest.approx(expected, abs=2)
    stored = (572 - 64) / 876 * 255
    assert abs(stored - expected) > 10
    for seen in (Picture(frame).bgr(), upright(frame)):
        assert seen.mean() == pytest.approx(stored, abs=2)


def test_sdr_is_not_mapped(small_video: Path) -> None:
    assert not first_displayed(small_video).is_tone_mapped
    assert not probe(small_video).is_hdr
