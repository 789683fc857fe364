"""Idle tabs show that a job has ended; they share one stream and run nothing until then."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Request, expect

from frametally.job import JobStatus
from tests.support.browser import wait_until
from tests.support.dashboards import Dashboard
from tests.support.ledgers import START, a_job, open_ledger


def end_a_job(dashboard: Dashboard, job_id: str) -> None:
    with open_ledger(f"sqlite:///{dashboard.data_dir / 'frametally.db'}") as ledger:
        job = a_job(
            job_id,
            status=JobStatus.SUBMITTED,
            service="https://host",
            key_id="k",
            remote_job_id=job_id,
            video_name=f"{job_id}.mp4",
        )
        ledger.add(job)
        assert ledger.transition(job, JobStatus.FAILED, failure="It broke.", ended_at=START)


def asks_only_while_nothing_is_pressed(page: Page, sent: list[str | bytes]) -> None:
    """A run that is asked for in the turn of a click would be sent instead of that of the click."""
    wait_until(page, "window.frametallyEnds?.report && document.querySelector('[data-test-script-state=notRunning]')")
    before = len(sent)
    page.evaluate("void frametallyEnds.report(1)")
    for _ in range(8):
        page.keyboard.press("Shift")
        page.wait_for_timeout(100)
    assert len(sent) == before
    while len(sent) == before:
        page.wait_for_timeout(50)


@pytest.mark.browser
def test_a_job_that_ends_is_shown_in_a_toast_and_in_the_title_until_the_next_action(
    dashboard: Dashboard, page: Page
) -> None:
    sent: list[str | bytes] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.goto(f"{dashboard.url}/configuration")
    expect(page.get_by_text("Notifications")).to_be_visible(timeout=90_000)
    expect(page).to_have_title("Configuration · Frametally")
    asks_only_while_nothing_is_pressed(page, sent)
    end_a_job(dashboard, "j1")
    expect(page.get_by_text("j1.mp4: Failed")).to_be_visible(timeout=60_000)
    expect(page).to_have_title("(1 ended) Configuration · Frametally", timeout=30_000)
    page.get_by_role("link", name="Jobs").first.click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible(timeout=30_000)
    expect(page).to_have_title("Jobs · Frametally", timeout=30_000)


@pytest.mark.soak
@pytest.mark.browser
def test_two_tabs_share_one_stream_and_run_nothing_while_they_are_idle(dashboard: Dashboard, page: Page) -> None:
    requests: list[Request] = []  # to a server, none to a blob of the page
    frames: list[str | bytes] = []
    page.context.on("request", lambda request: requests.extend([request] if request.url.startswith("http") else []))
    later = page.context.new_page()
    for tab in (page, later):
        tab.on("websocket", lambda socket: socket.on("framesent", lambda frame: frames.append(frame)))
        tab.goto(f"{dashboard.url}/configuration")
        expect(tab.get_by_text("Notifications")).to_be_visible(timeout=90_000)
    wait_until(page, "frametallyEnds.isOpen")
    requests_before, frames_before = len(requests), len(frames)
    page.wait_for_timeout(3000)
    assert (requests[requests_before:], frames[frames_before:]) == ([], [])
    end_a_job(dashboard, "j2")
    for tab in (page, later):  # the toast of a hidden tab may be gone before it is looked at
        expect(tab).to_have_title(re.compile(r"^\(1 ended\)"))
    assert len([request for request in requests if "/frametally/ends/" in request.url]) == 1
    page.goto("about:blank")
    wait_until(later, "frametallyEnds.isOpen")
    end_a_job(dashboard, "j3")
    expect(later).to_have_title(re.compile(r"^\(2 ended\)"))
    later.close()
