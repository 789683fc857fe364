"""An idle tab shows that a job has ended."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from frametally.job import JobStatus
from tests.support.dashboards import Dashboard
from tests.support.ledgers import START, a_job, open_ledger


@pytest.mark.browser
def test_a_job_that_ends_is_shown_in_a_toast_and_in_the_title_until_the_next_action(
    dashboard: Dashboard, page: Page
) -> None:
    page.goto(f"{dashboard.url}/configuration")
    expect(page.get_by_text("Notifications")).to_be_visible(timeout=90_000)
    expect(page).to_have_title("Frametally")
    with open_ledger(f"sqlite:///{dashboard.data_dir / 'frametally.db'}") as ledger:
        ledger.add(a_job("j1", status=JobStatus.SUBMITTED, service="https://host", key_id="k", remote_job_id="r1"))
        assert ledger.transition(ledger.job("j1"), JobStatus.FAILED, failure="It broke.", ended_at=START)
    expect(page.get_by_text("film.mp4: Failed")).to_be_visible(timeout=60_000)
    expect(page).to_have_title("(1 ended) Frametally", timeout=30_000)
    page.get_by_role("link", name="Jobs").first.click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible(timeout=30_000)
    expect(page).to_have_title("Frametally", timeout=30_000)
