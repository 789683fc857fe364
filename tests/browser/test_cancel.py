"""Following and canceling a job in a real browser, with the engine's worker running."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from frametally.job import ModelChoice
from frametally.ledger.presets import Preset
from tests.support import onnx_models
from tests.support.browser import FIRST_PAINT_MS, choose
from tests.support.dashboards import Dashboard
from tests.support.ledgers import open_ledger
from tests.support.video_files import write_video

pytestmark = pytest.mark.browser


@pytest.mark.soak
def test_a_running_job_is_canceled_after_a_confirmation(dashboard: Dashboard, page: Page, tmp_path: Path) -> None:
    video, data_dir = tmp_path / "gate.mp4", dashboard.data_dir
    write_video(video, frames=3000, fps=30, width_px=64, height_px=48)
    onnx_models.save_ultralytics(data_dir / "models" / "slow" / "1" / "model.onnx", slow=True)
    with open_ledger(f"sqlite:///{data_dir / 'frametally.db'}") as ledger:
        slow = ModelChoice(model_id="slow", version="1")
        ledger.presets.save(Preset(name="Slow", model=slow, service="embedded"))

    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(f"{dashboard.url}/upload")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=FIRST_PAINT_MS)
    choose(page, video)
    expect(page.get_by_text("No time estimate yet.")).to_be_visible()
    page.get_by_role("button", name="Run analysis").click()
    page.get_by_role("link", name="All jobs").click()
    expect(page.get_by_text(re.compile(r"of 500 frames · [\d.]+ frames/s"))).to_be_visible()

    row = page.locator("[data-job]")
    cancel = page.get_by_role("button", name="Cancel: gate.mp4", exact=True)
    cancel.click()
    expect(page.get_by_text("Cancel gate.mp4?")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Cancel job")).to_have_count(0)
    expect(row.get_by_text("Canceled")).to_have_count(0)

    cancel.click()
    page.get_by_role("button", name="Cancel job").click()
    expect(row.get_by_text("Canceled")).to_be_visible()
    expect(cancel).to_have_count(0)
    with open_ledger(f"sqlite:///{data_dir / 'frametally.db'}") as ledger:
        (job,) = ledger.jobs()
    folder = data_dir / "engine" / "jobs" / str(job.remote_job_id)
    assert (folder / "failure.json").read_bytes() == b'{"reason":"Cancelled."}'
    assert not (folder / "video").exists()
