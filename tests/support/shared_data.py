"""The real videos, models and results in `../shared/data`, which few checkouts have."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).parents[2].parent / "shared" / "data"

REPRESENTATIVE_VIDEOS = frozenset(
    {
        *("asl_book.mkv", "car_h264.ts", "car_mjpeg.avi", "car_truncated_faststart.mp4", "car_vp9.webm"),
        *("decord_rot90.mov", "tc_av1.mkv", "tc_h264_10bit.mp4", "tc_h265.mp4", "tc_h265_10bit.mp4", "tc_var_fps.mp4"),
    }
)
"""One real video of each combination of codec and container, damaged, rotated, 10 bits: `make soak` reads all."""


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real videos, models and results; tests that need them are skipped where the folder is missing."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the real data is missing: {SHARED_DATA}")
    return SHARED_DATA
