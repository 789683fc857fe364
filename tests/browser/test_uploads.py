"""An upload through a proxy that cuts connections, with a page reload and a killed server."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from benchmarks.upload import upload_on_a_bad_day
from tests.support.video_files import padded

PIECE_BYTES = 8 * 1024**2
LARGE_BYTES, SMALLER_BYTES = 40 * 10**6, 15 * 10**6


@pytest.mark.browser
@pytest.mark.parametrize(
    ("size_bytes", "cuts", "measures_memory"),
    [(SMALLER_BYTES, 6, False), pytest.param(LARGE_BYTES, 15, True, marks=pytest.mark.soak)],
    ids=["short", "long"],
)
def test_an_upload_survives_cuts_a_reload_and_a_killed_server(
    browser: Browser, small_video: Path, tmp_path: Path, size_bytes: int, cuts: int, measures_memory: bool
) -> None:
    file = padded(small_video, tmp_path / "large.mp4", size_bytes)
    outcome = upload_on_a_bad_day(
        browser, small_video, file, tmp_path / "data", cuts=cuts, measures_memory=measures_memory
    )
    assert outcome.is_whole
    assert outcome.cuts >= cuts - 3  # the reload, the kill and the end of the file each replace one
    # After a cut, the browser itself repeats the request for a chunk; the server closes that connection at once.
    assert outcome.sent_bytes < file.stat().st_size + outcome.cuts * PIECE_BYTES / 2
    assert not measures_memory or outcome.memory_mib < 64
