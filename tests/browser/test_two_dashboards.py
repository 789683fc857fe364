"""The main workflow with two dashboards that share PostgreSQL and S3, and no disk, behind a balancer."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from frametally.video.probe import probe
from tests.support.balancer import balancing
from tests.support.browser import PATIENCE_MS, downloaded, run_to_the_end
from tests.support.dashboards import Dashboard, starting_dashboards
from tests.support.object_storage import ObjectStorage, object_storage
from tests.support.polling import until
from tests.support.video_files import padded

pytestmark = [pytest.mark.browser, pytest.mark.soak]

UPLOAD_BYTES = 28 << 20
"""Four pieces."""
NO_RESPONSE = "The object storage does not respond."
OUTAGE_S = 25.0
"""A page that waits for a store that is silent answers in 4 s; the rest is for a busy machine."""


@pytest.fixture
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce") as context:
        context.set_default_timeout(PATIENCE_MS)
        yield context.new_page()


@contextmanager
def two_dashboards(
    folder: Path, settings: dict[str, str], storage: ObjectStorage
) -> Iterator[tuple[str, list[Dashboard], Counter[tuple[int, str]]]]:
    """Two with empty data folders behind a balancer; afterwards the folders, and all that was in them, are gone."""
    with ExitStack() as stack:
        both = []
        for name in "ab":
            (folder / name).mkdir(parents=True)
            both.append(stack.enter_context(starting_dashboards(folder / name))(**settings))
        url, served = stack.enter_context(balancing([urlsplit(each.url).port or 0 for each in both]))
        yield url, both, served
    for each in both:
        log = each.log.read_text()
        assert "Traceback" not in log, log[-3000:]
        assert storage.keys["AWS_SECRET_ACCESS_KEY"] not in log
    shutil.rmtree(folder)


def test_the_main_job_with_each_request_at_the_other_dashboard(
    storage: ObjectStorage,
    new_postgresql_ledger: Callable[[], str],
    page: Page,
    small_video: Path,
    tmp_path: Path,
) -> None:
    settings = {
        **storage.keys,
        "FRAMETALLY_STORAGE_URL": storage.url,
        "FRAMETALLY_DATABASE_URL": new_postgresql_ledger(),
        "FRAMETALLY_ACCESS": "open",
        "STREAMLIT_SERVER_COOKIE_SECRET": "the same at both",
    }
    video = padded(small_video, tmp_path / "large.mp4", UPLOAD_BYTES)
    with two_dashboards(tmp_path / "first", settings, storage) as (url, both, served):
        page.goto(f"{url}/upload")
        run_to_the_end(page, video)
        uploads = [served[place, "uploads"] for place in (0, 1)]
        assert min(uploads) >= 2, f"of four pieces, each dashboard gets two: {uploads}"
        pieces = [each for each in storage.requests if each.startswith("PUT") and "/uploads/" in each]
        assert len(pieces) >= 4
        until(lambda: any(each.startswith("PUT") and ".damage-" in each for each in storage.requests), limit_s=OUTAGE_S)
        seen = page.url.removeprefix(url)
        assert_an_outage_is_named_and_ends(page, storage, here=f"{both[0].url}{seen}", there=f"{both[1].url}{seen}")
        page.goto(f"{url}{seen}")
        assert_all_is_there(page)
        assert all(served[place, kind] for place in (0, 1) for kind in ("uploads", "files")), served
    with two_dashboards(tmp_path / "second", settings, storage) as (url, both, served):
        page.goto(f"{url}/jobs")
        expect(page.get_by_text("large.mp4").first).to_be_visible()
        for dashboard in both:
            page.goto(f"{dashboard.url}{seen}")
            expect(page.get_by_text("moving").first).to_be_visible()
            page.get_by_role("button", name="Export").click()
            expect(page.get_by_role("button", name="Annotated video (MP4)")).to_be_visible()
            assert not list((dashboard.data_dir / "media").glob("videos/*/video.*[4v]")), "it is read by ranges"
        for address in (url, both[1].url):
            page.goto(f"{address}{seen}")
            assert_all_is_there(page)
        assert all(served[place, "files"] for place in (0, 1)), served
    assert storage.refused == 0


def assert_all_is_there(page: Page) -> None:
    """Counts, the results as they were sent, and the video with the boxes: twice each, as the dashboards take turns."""
    expect(page.get_by_role("heading", name="Analytics")).to_be_visible()
    expect(page.get_by_text("moving").first).to_be_visible()
    page.get_by_role("button", name="Export").click()
    for _ in range(2):
        results = json.loads(Path(downloaded(page, "link", "Original results (JSON)").path()).read_text())
        assert len(results["motion"]) == 20
    page.get_by_role("button", name="Annotated video (MP4)").click()
    for _ in range(2):
        assert probe(Path(downloaded(page, "link", "Download video").path())).frame_count == 40


def assert_an_outage_is_named_and_ends(page: Page, storage: ObjectStorage, *, here: str, there: str) -> None:
    """The results have been fetched by the dashboard at `here`, and cannot be by the other one."""
    storage.answers.clear()
    began_s = time.monotonic()
    page.goto(there)
    expect(page.get_by_text(NO_RESPONSE).first).to_be_visible()
    assert time.monotonic() - began_s < OUTAGE_S
    page.goto(here)
    expect(page.get_by_text("moving").first).to_be_visible()
    storage.answers.set()

    def is_over() -> bool:
        page.goto(there)
        expect(page.get_by_text("moving").or_(page.get_by_text(NO_RESPONSE)).first).to_be_visible()
        return page.get_by_text(NO_RESPONSE).count() == 0

    until(is_over, limit_s=OUTAGE_S)
