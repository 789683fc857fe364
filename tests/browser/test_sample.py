"""The first minute: a new deployment, one click, and the analytics of the sample open.

In `make soak`, which also runs the whole sample (`tests/packaging/test_installed_dashboard.py`); here the clip is an
excerpt. In `make test`, `tests/pages/test_sample.py` does the same without a browser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from frametally.ledger.ledger import Ledger
from frametally.sample import CLIP, INFER_FPS, MODEL_FILE
from frametally.video.frame_index import build_index, plan_frames
from tests.support.browser import FIRST_PAINT_MS
from tests.support.dashboards import Dashboard, starting_dashboards
from tests.support.sample_excerpt import copy_with_excerpt

RUN_MS = 120_000


@pytest.fixture
def app_folder(tmp_path: Path) -> Path:
    return copy_with_excerpt(tmp_path / "app")


@pytest.fixture
def dashboard(app_folder: Path, tmp_path: Path) -> Iterator[Dashboard]:
    with starting_dashboards(tmp_path, app_folder) as start:
        yield start()


@pytest.mark.soak
@pytest.mark.browser
def test_one_click_leads_from_a_new_deployment_to_the_counts_of_the_sample(
    app_folder: Path, dashboard: Dashboard, page: Page
) -> None:
    page.goto(dashboard.url)
    page.get_by_role("button", name="Try the sample").click(timeout=FIRST_PAINT_MS)
    expect(page.get_by_text("Opens automatically when finished.")).to_be_visible()
    expect(page.get_by_text("Results saved")).to_be_visible()

    expect(page.get_by_role("heading", name="Analytics")).to_be_visible(timeout=RUN_MS)
    ledger = Ledger(f"sqlite:///{dashboard.data_dir / 'frametally.db'}")
    (job,) = ledger.jobs()
    ledger.close()
    assert page.url.startswith(f"{dashboard.url}/analytics?job={job.id}")
    clip = app_folder / "demo" / "sample" / CLIP.name
    frames = len(plan_frames(build_index(clip), INFER_FPS))
    counted = page.locator(".player .classes .name")
    expect(counted).to_have_text(["bag", "box", "envelope", "tote", "tube"], timeout=FIRST_PAINT_MS)
    expect(page.get_by_text(f"{frames} of {frames} frames analyzed")).to_be_visible()
    picker = page.get_by_role("combobox", name="Job")
    expect(picker).to_have_value(re.compile(r"^Sample · parcels\.mp4 · parcels/2 · 5 fps"))

    page.get_by_role("link", name="Jobs", exact=True).first.click()
    expect(page.get_by_text("Sample")).to_be_visible()
    page.get_by_role("link", name="Upload", exact=True).click()
    page.get_by_role("link", name="See the sample in analytics").click()
    expect(page).to_have_url(re.compile(rf"/analytics\?job={job.id}"))
    installed = dashboard.data_dir / "models" / "parcels" / "2" / "model.onnx"
    assert installed.read_bytes() == MODEL_FILE.read_bytes()
    assert "Traceback" not in dashboard.log.read_text()
