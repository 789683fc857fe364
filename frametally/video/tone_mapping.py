"""HDR frames (PQ, HLG) in SDR, for looking at them; models get the frames as they are stored.

Signal to display light: ITU-R BT.2100-2, Table 4 (PQ) and Table 5 (HLG, for a display of 1000 cd/m² with system gamma
1.2). Display light to SDR: the roll-off of ITU-R BT.2390-10, 5.4.1, on each of R, G and B, from 1000 cd/m² to the
reference white of 203 cd/m² of ITU-R BT.2408-7; the primaries of BT.2020 to those of BT.709 by ITU-R BT.2087-0; the
inverse of the gamma 2.4 of ITU-R BT.1886. Light above 1000 cd/m² and colors outside of BT.709 are clipped.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorPrimaries, ColorTrc, Interpolation

Floats = npt.NDArray[np.float64]

PEAK_CD_M2: Final = 1000.0
"""Brightest light of the source that is distinguished."""
WHITE_CD_M2: Final = 203.0
"""Light of the source that an SDR display can show."""
SYSTEM_GAMMA: Final = 1.2
_GAMMA: Final = 2.4
_LUMINANCE: Final = (0.2627, 0.6780, 0.0593)
"""Shares of R, G and B of BT.2020 in the luminance."""
_LUMINANCE_BT709: Final = (0.2126, 0.7152, 0.0722)
_FULL, _BT709 = 2, 1
"""Color range and matrix (ITU-T H.273)."""
_TO_BT709: Final = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], dtype=np.float32
)
_LEVELS: Final = 1 << 16
_PRECISE: Final = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


def is_hdr(frame: av.VideoFrame) -> bool:
    """Whether the frame is PQ or HLG."""
    return frame.color_trc in (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67)


def sdr(frame: av.VideoFrame, width_px: int, height_px: int) -> npt.NDArray[np.uint8]:
    """(height_px, width_px, 3) BGR of an HDR frame, scaled to this size, not turned."""
    import cv2

    signal = _signal(frame, width_px, height_px)
    light = _from_hlg(signal) if frame.color_trc == ColorTrc.ARIB_STD_B67 else _rolled_off_pq()[signal]
    to_bt709 = np.eye(3, dtype=np.float32) if frame.color_primaries == ColorPrimaries.BT709 else _TO_BT709
    bgr = np.clip(cv2.transform(light, to_bt709[::-1]), 0.0, 1.0)
    return _levels()[(cv2.sqrt(bgr) * (_LEVELS - 1)).astype(np.uint16)]


def _signal(frame: av.VideoFrame, width_px: int, height_px: int) -> npt.NDArray[np.uint16]:
    """(height_px, width_px, 3) R, G and B in 16 bits, still in PQ or HLG."""
    import cv2

    if frame.format.is_rgb:
        signal = frame.reformat(width_px, height_px, format="rgb48le", interpolation=_PRECISE)
        return signal.to_ndarray().astype(np.uint16, copy=False)
    # swscale converts Y, Cb and Cr to R, G and B with integers, which is visible in dark colors.
    codes = frame.reformat(width_px, height_px, format="yuv444p16le", interpolation=_PRECISE).to_ndarray()
    rgb = cv2.transform(
        codes.astype(np.float32), _rgb_from_codes(frame.color_range == _FULL, frame.colorspace == _BT709)
    )
    return np.rint(np.clip(rgb, 0.0, 1.0) * (_LEVELS - 1)).astype(np.uint16)


def _rgb_from_codes(is_full_range: bool, is_bt709: bool) -> npt.NDArray[np.float32]:
    """(3, 4) affine map of 16-bit Y, Cb, Cr to R, G, B of 0 to 1 (BT.2100, Tables 6 and 9; or the matrix of BT.709)."""
    kr, kg, kb = _LUMINANCE_BT709 if is_bt709 else _LUMINANCE
    red, blue = 2 * (1 - kr), 2 * (1 - kb)
    matrix = np.array([[1, 0, red], [1, -blue * kb / kg, -red * kr / kg], [1, blue, 0]])
    black, luma, chroma = (0, 65535, 65535) if is_full_range else (16 << 8, 219 << 8, 224 << 8)
    scaled = matrix / np.array([luma, chroma, chroma])
    offset = -scaled @ np.array([black, 1 << 15, 1 << 15])
    return np.column_stack([scaled, offset]).astype(np.float32)


def _from_hlg(signal: npt.NDArray[np.uint16]) -> npt.NDArray[np.float32]:
    """Rolled-off light, 0 to 1, of (h, w, 3) HLG signals."""
    import cv2

    scene = _hlg_scene_light()[signal]
    luminance = cv2.transform(scene, np.array([_LUMINANCE], dtype=np.float32))
    display = scene * cv2.pow(luminance, SYSTEM_GAMMA - 1)[..., None]
    # The fourth root spreads the entries of the table about as the eye does.
    at = np.rint(cv2.sqrt(cv2.sqrt(display)) * (_LEVELS - 1)).astype(np.uint16)
    return _rolled_off_light()[at]


@cache
def _levels() -> npt.NDArray[np.uint8]:
    """Table: square root of light in 16 bits to SDR levels."""
    return np.rint(255 * np.linspace(0, 1, _LEVELS) ** (2 / _GAMMA)).astype(np.uint8)


@cache
def _rolled_off_pq() -> npt.NDArray[np.float32]:
    """Table: 16-bit PQ signal to rolled-off light, 0 to 1."""
    return _rolled_off(np.linspace(0, 1, _LEVELS)).astype(np.float32)


@cache
def _rolled_off_light() -> npt.NDArray[np.float32]:
    """Table: fourth root of display light (1 is `PEAK_CD_M2`) in 16 bits to rolled-off light, 0 to 1."""
    light = np.linspace(0, 1, _LEVELS) ** 4 * PEAK_CD_M2
    return _rolled_off(_pq_signal(light)).astype(np.float32)


@cache
def _hlg_scene_light() -> npt.NDArray[np.float32]:
    """Table: 16-bit HLG signal to scene light, 0 to 1 (inverse OETF of BT.2100, Table 5)."""
    signal = np.linspace(0, 1, _LEVELS)
    a = 0.17883277
    b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)
    return np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12).astype(np.float32)


def _rolled_off(signal: Floats) -> Floats:
    """Light as a share of `WHITE_CD_M2` of PQ signals, after the roll-off of BT.2390."""
    peak, white = (float(_pq_signal(np.array(light))) for light in (PEAK_CD_M2, WHITE_CD_M2))
    source, target = np.minimum(signal / peak, 1.0), white / peak
    knee = 1.5 * target - 0.5
    t = (source - knee) / (1 - knee)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * target
    return _pq_light(np.where(source < knee, source, spline) * peak) / WHITE_CD_M2


_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


def _pq_light(signal: Floats) -> Floats:
    """cd/m² of PQ signals, 0 to 1 (EOTF of BT.2100, Table 4)."""
    root = signal ** (1 / _M2)
    return np.asarray(10000 * (np.maximum(root - _C1, 0) / (_C2 - _C3 * root)) ** (1 / _M1))


def _pq_signal(light_cd_m2: Floats) -> Floats:
    """PQ signals, 0 to 1, of cd/m²."""
    power = (light_cd_m2 / 10000) ** _M1
    return np.asarray(((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2)
