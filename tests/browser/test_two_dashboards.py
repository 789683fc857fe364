"""The main workflow with two dashboards that share PostgreSQL and S3, and no disk, behind a balancer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from frametally.video.probe import probe
from tests.support.balancer import balancing
from tests.support.browser import PATIENCE_MS, downloaded, run_to_the_end
from tests.support.dashboards import starting_dashboards
from tests.support.object_storage import ObjectStorage, object_storage

pytestmark = [pytest.mark.browser, pytest.mark.soak]


@pytest.fixture
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce") as context:
        context.set_default_timeout(PATIENCE_MS)
        yield context.new_page()


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
    with ExitStack() as stack:
        both = []
        for name in "ab":
            (tmp_path / name).mkdir()
            both.append(stack.enter_context(starting_dashboards(tmp_path / name))(**settings))
        ports = [urlsplit(each.url).port or 0 for each in both]
        url, served = stack.enter_context(balancing(ports))
        page.goto(f"{url}/upload")
        run_to_the_end(page, small_video)
        expect(page.get_by_text("moving").first).to_be_visible()
        page.get_by_role("button", name="Export").click()
        for _ in range(2):  # one from each
            results = json.loads(Path(downloaded(page, "link", "Original results (JSON)").path()).read_text())
            assert len(results["motion"]) == 20
        page.get_by_role("button", name="Annotated video (MP4)").click()
        for _ in range(2):
            video = downloaded(page, "link", "Download video")
            assert probe(Path(video.path())).frame_count == 40
        seen_at_a = page.url
        names = {kind for _, kind in served}
        assert "uploads" in names
        assert all(served[place, kind] for place in (0, 1) for kind in ("uploads", "files")), served
        other = seen_at_a.replace(url, both[1].url)
        page.goto(other)
        expect(page.get_by_role("heading", name="Analytics")).to_be_visible()
        expect(page.get_by_text("moving").first).to_be_visible()
    assert not (both[1].data_dir / "media" / "videos").exists() or not list(
        (both[1].data_dir / "media" / "videos").glob("*/video.*[4v]")
    ), "the other dashboard read what it needed by ranges"
    for each in both:
        log = each.log.read_text()
        assert "Traceback" not in log, log[-3000:]
        assert storage.keys["AWS_SECRET_ACCESS_KEY"] not in log
