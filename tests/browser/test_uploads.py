"""An upload through a proxy that cuts connections, with a page reload and a killed server, in `make soak`.

In `make test`, each of these is tested alone: `tests/components/upload/test_video_uploader.py` cuts a connection and
reloads the page, `tests/crash/test_crash.py` kills the server in the middle of an upload.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from benchmarks.upload import upload_on_a_bad_day
from tests.support.video_files import padded

PIECE_BYTES = 8 * 1024**2
LARGE_BYTES = 40 * 10**6
CUTS = 15


@pytest.mark.browser
@pytest.mark.soak
def test_an_upload_survives_cuts_a_reload_and_a_killed_server(
    browser: Browser, small_video: Path, tmp_path: Path
) -> None:
    file = padded(small_video, tmp_path / "large.mp4", LARGE_BYTES)
    outcome = upload_on_a_bad_day(browser, small_video, file, tmp_path / "data", cuts=CUTS)
    assert outcome.is_whole
    assert outcome.cuts >= CUTS - 3  # the reload, the kill and the end of the file each replace one
    # After a cut, the browser itself repeats the request for a chunk; the server closes that connection at once.
    assert outcome.sent_bytes < file.stat().st_size + outcome.cuts * PIECE_BYTES / 2
    assert outcome.memory_mib < 64
