"""Ten journeys that a person makes, in a real browser, with the built-in engine at work.

1. Try the sample, up to its chart and its exact frame.
2. Upload a video of one's own, run it, and see its counts.
3. Run several videos at once, and open one of them from the list.
4. Learn why a job failed, and run it with another model.
5. Set threshold and classes, and share the link.
6. Find the peak, and export the counts that contain it.
7. Run two models on one video, and see where they differ.
8. Import a job that was started elsewhere.
9. Search for a job from any page.
10. From the sample to an export with the keyboard alone.

`python -m tests.soak journeys` makes twenty rounds of them. Pictures and traces of those that fail are kept in
build/traces. There are no retries.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Download, Page, expect

from frametally.job import Job, JobStatus, ModelChoice
from tests.support.browser import FIRST_PAINT_MS, choose, choose_action, job_row, opened
from tests.support.dashboards import Dashboard, starting_dashboards
from tests.support.keyboard import tab_to
from tests.support.ledgers import open_ledger
from tests.support.players import wait_for_rest
from tests.support.sample_excerpt import copy_with_excerpt
from tests.support.traces import traced_context, traced_page
from tests.support.video_files import padded

pytestmark = [pytest.mark.browser, pytest.mark.soak]

RUN_MS = 120_000
CLASSES = ["bag", "box", "envelope", "tote", "tube"]


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    folder = tmp_path_factory.mktemp("journeys")
    with starting_dashboards(folder, copy_with_excerpt(folder / "app")) as start:
        yield start()


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    with traced_context(browser) as context:
        yield context


@pytest.fixture
def page(context: BrowserContext, request: pytest.FixtureRequest) -> Iterator[Page]:
    with traced_page(context, request) as page:
        yield page


def jobs(dashboard: Dashboard) -> list[Job]:
    """All jobs, the newest first."""
    with open_ledger(f"sqlite:///{dashboard.data_dir / 'frametally.db'}") as ledger:
        return list(ledger.jobs())


def sample(page: Page, dashboard: Dashboard) -> Job:
    """The finished job of the sample, which is run if it has not been."""
    for _ in range(2):
        found = [
            job for job in jobs(dashboard) if job.status is JobStatus.SUCCEEDED and job.video_name == "parcels.mp4"
        ]
        if found:
            return found[0]
        try_sample(page, dashboard)
    raise AssertionError("the sample has no results")


def try_sample(page: Page, dashboard: Dashboard) -> None:
    page.goto(f"{dashboard.url}/upload")
    page.get_by_role("button", name=re.compile("sample")).first.click(timeout=FIRST_PAINT_MS)
    expect(page.get_by_role("heading", name="Analytics")).to_be_attached(timeout=RUN_MS)
    wait_for_rest(page)


def open_job(page: Page, dashboard: Dashboard, job: Job) -> None:
    opened(page, dashboard, f"analytics?job={job.id}")
    wait_for_rest(page)


def choose_models(page: Page, *names: str) -> None:
    """Choose these models instead of those that are chosen."""
    field = page.get_by_role("combobox", name="Models")
    box = page.get_by_test_id("stMultiSelect").filter(has=field)
    box.get_by_role("button", name="Clear all").click()
    expect(box).not_to_contain_text(" · ")
    for name in names:
        field.fill(name)
        page.get_by_role("option", name=name).first.click()
    field.press("Escape")


def run(page: Page, dashboard: Dashboard, video: Path, *models: str) -> None:
    """Upload a video and start its job."""
    opened(page, dashboard, "upload")
    choose(page, video)
    choose_models(page, *models)
    page.get_by_role("button", name="Run analysis").click()


def open_when_done(page: Page) -> None:
    page.get_by_role("link", name="Open in analytics").click(timeout=RUN_MS)
    expect(page.get_by_role("heading", name="Analytics")).to_be_attached()
    wait_for_rest(page)


def rows_of(download: Download) -> list[dict[str, str]]:
    return list(csv.DictReader(Path(download.path()).read_text("utf-8-sig").splitlines()))


def test_01_the_sample_leads_to_its_chart_and_its_exact_frame(page: Page, dashboard: Dashboard) -> None:
    page.goto(dashboard.url)
    page.get_by_role("button", name="Try the sample").click(timeout=FIRST_PAINT_MS)
    expect(page.get_by_text("Opens automatically when finished.")).to_be_visible()
    expect(page.get_by_role("heading", name="Analytics")).to_be_attached(timeout=RUN_MS)
    wait_for_rest(page)
    expect(page.locator(".player .classes li .name")).to_have_text(CLASSES)
    expect(page.locator(".player .scatterlayer .trace")).to_have_count(len(CLASSES))
    expect(page.locator(".player .badge")).to_have_text("exact")
    before = page.locator(".player .number").inner_text()
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.locator(".player .number")).not_to_have_text(before)
    page.get_by_role("button", name="Pause", exact=True).click()
    wait_for_rest(page)


def test_02_an_own_video_becomes_counts(page: Page, dashboard: Dashboard, small_video: Path) -> None:
    run(page, dashboard, small_video, "motion/1")
    open_when_done(page)
    expect(page.get_by_text("20 of 20 frames analyzed")).to_be_visible()
    expect(page.locator(".player .classes li .name")).to_have_text(["moving"])
    page.get_by_role("button", name="Next frame", exact=True).click()
    wait_for_rest(page)
    expect(page).to_have_title(re.compile("^square.mp4 · Analytics"))


def test_03_several_videos_run_and_one_is_opened(
    page: Page, dashboard: Dashboard, small_video: Path, tmp_path: Path
) -> None:
    size_bytes = small_video.stat().st_size + 100
    files = [padded(small_video, tmp_path / f"gate {number}.mp4", size_bytes + number) for number in range(3)]
    opened(page, dashboard, "upload")
    page.locator("input[type=file]").set_input_files(files)
    expect(page.get_by_text("3 of 3 uploaded")).to_be_visible()  # each upload runs the page, which closes the list
    choose_models(page, "motion/1")
    page.get_by_label("Tag", exact=True).fill("week 9")
    page.get_by_label("Tag", exact=True).press("Enter")
    page.get_by_role("button", name="Run 3 videos").click()
    expect(page.get_by_text("3 jobs started, tagged week 9.")).to_be_visible()
    page.get_by_role("link", name="View batch").click()
    expect(page.locator("[data-job]")).to_have_count(3)
    page.get_by_role("link", name="gate 1.mp4").click(timeout=RUN_MS)  # a link when it is done
    expect(page).to_have_title(re.compile(r"^(\(\d ended\) )?gate 1.mp4 · Analytics"))
    wait_for_rest(page)


def test_04_a_failed_job_says_why_and_runs_with_another_model(
    page: Page, dashboard: Dashboard, small_video: Path
) -> None:
    run(page, dashboard, small_video, "motion/1")
    expect(page.get_by_role("link", name="Open in analytics")).to_be_visible(timeout=RUN_MS)
    with open_ledger(f"sqlite:///{dashboard.data_dir / 'frametally.db'}") as ledger:
        done = next(job for job in ledger.jobs() if job.video_name == "square.mp4")
        gone = (ModelChoice(model_id="nope", version="7"),)
        failure = "Model nope/7 is not installed on the built-in engine. Choose another model."
        failed = replace(done, id="failed", status=JobStatus.FAILED, models=gone, failure=failure, remote_job_id=None)
        ledger.add(failed)
    opened(page, dashboard, "jobs?q=nope")
    expect(job_row(page, "failed")).to_contain_text("Model nope/7 is not installed")
    choose_action(page, "failed", "Re-run with other models…")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("current: nope/7")
    choose_models(page, "motion/1")
    dialog.get_by_role("button", name="Run", exact=True).click()
    expect(dialog).to_be_hidden()
    opened(page, dashboard, "jobs")
    (again,) = [job for job in jobs(dashboard) if job.created_at > done.created_at and job.id != "failed"]
    expect(job_row(page, again.id).locator(".badge")).to_have_text("Done", timeout=RUN_MS)


def test_05_threshold_and_classes_are_in_the_link_that_is_shared(
    page: Page, dashboard: Dashboard, browser: Browser
) -> None:
    open_job(page, dashboard, sample(page, dashboard))
    slider = page.get_by_role("slider", name="Min. confidence")
    slider.fill("40")
    page.get_by_role("button", name="Only box", exact=True).click()
    expect(page).to_have_url(re.compile("confidence=0.4.*classes=box"))
    wait_for_rest(page)
    page.get_by_role("button", name="Share", exact=True).click()
    page.get_by_role("button", name="Copy address of this page").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    with browser.new_context() as other:
        theirs = other.new_page()
        theirs.goto(link)
        wait_for_rest(theirs)
        expect(theirs.get_by_role("checkbox", name="box")).to_be_checked()
        expect(theirs.get_by_role("checkbox", name="bag")).not_to_be_checked()
        expect(theirs.locator(".player .threshold output")).to_have_text("0.40")
        expect(theirs.locator(".player .number")).to_have_text(page.locator(".player .number").inner_text())


def test_06_the_peak_is_found_and_its_counts_are_exported(page: Page, dashboard: Dashboard) -> None:
    open_job(page, dashboard, sample(page, dashboard))
    tile = page.locator(".tile", has_text="Peak")
    peak = re.search(r"\d+", tile.locator(".value").inner_text())
    assert peak
    tile.click()
    expect(page).to_have_url(re.compile(r"[?&]frame=\d+"))
    entry = re.search(r"[?&]frame=(\d+)", page.url)
    assert entry
    expect(page.locator(f".player[data-shown='{entry[1]}']")).to_be_visible()  # not the frame of before
    frame = page.locator(".player .number").inner_text().removeprefix("frame ")
    page.get_by_role("button", name="Export", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Counts per frame (CSV)").click()
    rows = rows_of(download.value)
    at = next(row for row in rows if row["frame_index"] == frame)
    assert max(int(at[name]) for name in CLASSES) == int(peak[0])
    assert max(int(row[name]) for row in rows for name in CLASSES) == int(peak[0])


def test_07_two_models_are_compared(page: Page, dashboard: Dashboard, small_video: Path) -> None:
    sample(page, dashboard)  # installs its model
    run(page, dashboard, small_video, "motion/1", "parcels/2")
    open_when_done(page)
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_text("20 frames compared")).to_be_visible()
    expect(page.get_by_role("combobox", name="Compare with")).to_be_visible()


def test_08_a_job_that_was_started_elsewhere_is_imported(page: Page, dashboard: Dashboard) -> None:
    job = sample(page, dashboard)
    with open_ledger(f"sqlite:///{dashboard.data_dir / 'frametally.db'}") as ledger:
        ledger.remove(job.id)  # the engine still has it
    opened(page, dashboard, "jobs")
    page.get_by_role("button", name="Import job").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Job ID").fill(str(job.remote_job_id))
    dialog.get_by_label("Job ID").press("Enter")
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(page.locator("[data-job]")).to_have_count(1)  # the list shows the imported job only
    expect(page.locator("[data-job] .badge")).to_have_text("Done", timeout=RUN_MS)
    (imported,) = [one for one in jobs(dashboard) if one.remote_job_id == job.remote_job_id]
    job_row(page, imported.id).get_by_role("link").first.click()
    expect(page.locator(".player .classes li .name")).to_have_text(CLASSES)


def test_09_a_job_is_found_from_any_page(page: Page, dashboard: Dashboard) -> None:
    job = sample(page, dashboard)
    opened(page, dashboard, "configuration")
    expect(page.get_by_role("button", name="Search jobs")).to_be_visible()  # the header listens
    page.keyboard.press("Control+k")
    page.keyboard.type("parcels/2")
    expect(page.get_by_role("option").first).to_contain_text(job.video_name)
    page.keyboard.press("Enter")
    expect(page).to_have_title(f"{job.video_name} · Analytics · Frametally")
    wait_for_rest(page)


def test_10_the_keyboard_alone_leads_from_the_sample_to_an_export(page: Page, dashboard: Dashboard) -> None:
    is_new = not any(job.video_name == "parcels.mp4" for job in jobs(dashboard))
    page.goto(f"{dashboard.url}/upload")
    expect(page.get_by_role("button", name=re.compile("sample"))).to_be_visible(timeout=FIRST_PAINT_MS)
    tab_to(page, "Try the sample" if is_new else "Run the sample again")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Analytics")).to_be_attached(timeout=RUN_MS)
    wait_for_rest(page)
    before = page.locator(".player .number").inner_text()
    tab_to(page, "Next frame")
    page.keyboard.press("Enter")
    expect(page.locator(".player .number")).not_to_have_text(before)
    tab_to(page, "Min. confidence")
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("confidence=0.26"))
    tab_to(page, "box")
    page.keyboard.press("Space")
    expect(page.get_by_role("checkbox", name="box")).not_to_be_checked()
    expect(page).to_have_url(re.compile("classes=bag"))
    wait_for_rest(page)
    tab_to(page, "Export", key="Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Counts per frame (CSV)")).to_be_visible()
    tab_to(page, "Counts per frame (CSV)")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert [name for name in rows_of(download.value)[0] if name in CLASSES] == ["bag", "envelope", "tote", "tube"]
