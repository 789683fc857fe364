"""The uploader: the value that Python gets, and its behavior in a real browser.

In `make test`, `tests/browser/test_main_job.py` has a file refused and an upload that resumes.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect
from streamlit.testing.v1 import AppTest

from tests.support.browser import dropping_a_connection
from tests.support.ports import reserved_port
from tests.support.video_files import padded

ROOT = Path(__file__).parents[3]
APP = """
from pathlib import Path
from streamlit.starlette import App
from frametally.library.library import Library
from frametally.library.routes import library_routes
from frametally.library.tickets import Tickets
from frametally.network.routes import starlette_routes

data_dir = Path(__file__).parent / "data"
library = Library(data_dir / "media", max_video_bytes=32 * 1024**2)
app = App("script.py", routes=starlette_routes(library_routes(library, Tickets("secret"), data_dir)))
"""
SCRIPT = """
import streamlit as st
from components.upload.video_uploader import video_uploader
from frametally.library.tickets import Tickets

def upload():
    st.title("Upload")
    key = f"video-{st.session_state.get('number', 0)}"
    arrived = video_uploader(Tickets("secret").for_upload(), max_video_bytes=32 * 1024**2, key=key)
    st.button("Rerun")
    st.write("arrived:", *(arrived or ["none"]))

def other():
    st.title("Elsewhere")

def empty():
    st.title("The next uploader is empty")
    st.session_state["number"] = st.session_state.get("number", 0) + 1

st.navigation([st.Page(other, default=True), st.Page(empty), st.Page(upload)], position="top").run()
"""


def uploader_script() -> None:
    import streamlit as st

    from components.upload.video_uploader import video_uploader

    st.write(video_uploader("ticket", max_video_bytes=1024, key="video"))


def test_without_an_upload_the_value_is_empty() -> None:
    app = AppTest.from_function(uploader_script).run()
    assert not app.exception
    assert app.json[0].value == "[]"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a small dashboard with only the uploader, which is on the second page."""
    folder = tmp_path_factory.mktemp("dashboard")
    (folder / "app.py").write_text(APP)
    (folder / "script.py").write_text(SCRIPT)
    with reserved_port() as port, dashboard_on(port, folder):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def dashboard_on(port: int, folder: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    place = ["--server.port", str(port), "--server.address", "127.0.0.1", "--browser.gatherUsageStats", "false"]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [*command, *place], cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as server:
        try:
            assert server.stdout is not None
            printed = []
            for line in server.stdout:
                printed.append(line)
                if "URL: http" in line:
                    break
            else:
                pytest.fail("".join(printed))
            yield
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def dashboard_tab(url: str, tab: Page) -> Iterator[Page]:
    """The dashboard, which the tests do not load again."""
    tab.goto(f"{url}/empty")
    yield tab
    tab.goto("about:blank")


@pytest.fixture
def page(dashboard_tab: Page) -> Iterator[Page]:
    """An empty uploader, in a browser that remembers no unfinished uploads of other tests."""
    dashboard_tab.evaluate("localStorage.clear()")
    open_empty_uploader(dashboard_tab)
    yield dashboard_tab
    dashboard_tab.unroute_all()


def open_empty_uploader(page: Page) -> None:
    page.get_by_role("link", name="Empty").click()
    expect(page.get_by_role("heading", name="The next uploader is empty")).to_be_visible()
    page.get_by_role("link", name="Upload").click()
    expect(page.locator(".hint")).to_contain_text("up to 33.6 MB each")


def choose(page: Page, *files: Path) -> None:
    page.locator("input[type=file]").set_input_files(files)


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("listitem").filter(has_text=name)


def sent(page: Page) -> list[tuple[str, int]]:
    """URL and offset of each chunk; the list grows as the page sends chunks."""
    pieces: list[tuple[str, int]] = []

    def note(request: Request) -> None:
        if request.method == "PATCH":
            pieces.append((request.url, int(request.headers["upload-offset"])))

    page.on("request", note)
    return pieces


@contextmanager
def upload_speed(page: Page, bytes_per_s: int) -> Iterator[None]:
    """Limit the upload speed of the page."""
    throttle = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_s}
    session = page.context.new_cdp_session(page)
    session.send("Network.emulateNetworkConditions", throttle)
    yield
    session.detach()


def sha256_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def arrived(page: Page, file: Path) -> None:
    expect(page.get_by_text(sha256_of(file))).to_be_visible(timeout=20_000)


@pytest.mark.soak
@pytest.mark.browser
def test_a_chosen_video_is_uploaded_and_its_sha256_is_returned(page: Page, small_video: Path) -> None:
    choose(page, small_video)
    arrived(page, small_video)
    expect(page.locator(".name")).to_have_text("square.mp4")
    expect(page.get_by_role("button", name="Remove")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="is ready")).to_have_text("square.mp4 is ready")


@pytest.mark.soak
@pytest.mark.browser
def test_a_dropped_video_is_uploaded_like_a_chosen_one(page: Page, small_video: Path) -> None:
    drop = """async (content) => {
        const transfer = new DataTransfer();
        const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
        transfer.items.add(new File([bytes], "dropped <b>.mp4"));
        return transfer;
    }"""
    transfer = page.evaluate_handle(drop, base64.b64encode(small_video.read_bytes()).decode())
    page.dispatch_event(".zone", "drop", {"dataTransfer": transfer})
    arrived(page, small_video)
    expect(page.locator(".name")).to_have_text("dropped <b>.mp4")


@pytest.mark.soak
@pytest.mark.browser
def test_an_upload_continues_across_reruns_and_page_changes(page: Page, small_video: Path, tmp_path: Path) -> None:
    file = padded(small_video, tmp_path / "large.mp4", 20 * 1024**2)
    with upload_speed(page, 8 * 1024**2):
        choose(page, file)
        expect(page.locator(".facts")).to_contain_text("MB/s")
        page.get_by_role("button", name="Rerun").click()
        page.get_by_role("link", name="Other").click()
        expect(page.get_by_role("heading", name="Elsewhere")).to_be_visible()
    page.get_by_role("link", name="Upload").click()
    expect(page.locator(".name")).to_have_text("large.mp4")
    arrived(page, file)


@pytest.mark.soak
@pytest.mark.browser
def test_an_upload_resumes_after_a_dropped_connection(page: Page, small_video: Path, tmp_path: Path) -> None:
    file = padded(small_video, tmp_path / "large.mp4", 17 * 1024**2)
    with dropping_a_connection(page):
        choose(page, file)
        arrived(page, file)


@pytest.mark.soak
@pytest.mark.browser
def test_several_videos_are_uploaded_one_after_the_other(page: Page, small_video: Path, tmp_path: Path) -> None:
    files = [padded(small_video, tmp_path / f"{number}.mp4", (9 + number) * 1024**2) for number in range(3)]
    pieces = sent(page)
    choose(page, *files)
    for file in files:
        arrived(page, file)
    expect(page.locator(".total")).to_have_text("3 of 3 uploaded")
    addresses = [address for address, _ in pieces]
    assert addresses == sorted(addresses, key=addresses.index)
    assert len(set(addresses)) == 3
    page.get_by_role("button", name="Remove 1.mp4").click()
    expect(page.get_by_text(sha256_of(files[1]))).to_be_hidden()
    expect(page.get_by_text(sha256_of(files[2]))).to_be_visible()


@pytest.mark.soak
@pytest.mark.browser
def test_a_paused_upload_lets_the_next_one_start_and_resumes_later(
    page: Page, small_video: Path, tmp_path: Path
) -> None:
    large = padded(small_video, tmp_path / "large.mp4", 17 * 1024**2)
    with upload_speed(page, 4 * 1024**2):
        choose(page, large, small_video)
        expect(row(page, "square.mp4").locator(".facts")).to_contain_text("Queued")
        expect(row(page, "large.mp4").locator(".facts")).to_contain_text("MB/s")
        page.get_by_role("button", name="Pause large.mp4").click()
        arrived(page, small_video)
    expect(row(page, "large.mp4").locator(".facts")).to_contain_text("Paused")
    pieces = sent(page)
    page.get_by_role("button", name="Resume large.mp4").click()
    arrived(page, large)
    assert pieces[0][1] > 0


@pytest.mark.soak
@pytest.mark.browser
def test_an_upload_resumes_after_a_page_reload(page: Page, small_video: Path, tmp_path: Path) -> None:
    file = padded(small_video, tmp_path / "large.mp4", 17 * 1024**2)
    pieces = sent(page)
    with upload_speed(page, 8 * 1024**2):
        choose(page, file)
        while not any(offset >= 8 * 1024**2 for _, offset in pieces):
            page.wait_for_timeout(50)
        page.reload()
    expect(page.locator(".unfinished")).to_contain_text("of large.mp4 uploaded. Choose the file again")
    before = len(pieces)
    choose(page, file)
    expect(page.locator(".facts")).to_contain_text("resumed at")
    arrived(page, file)
    assert pieces[before][0] == pieces[0][0]
    assert pieces[before][1] >= 8 * 1024**2
    expect(page.locator(".unfinished")).to_be_empty()


@pytest.mark.soak
@pytest.mark.browser
def test_a_known_video_is_recognized_and_not_sent_again(page: Page, small_video: Path, tmp_path: Path) -> None:
    file = padded(small_video, tmp_path / "large.mp4", 9 * 1024**2)
    choose(page, file)
    arrived(page, file)
    open_empty_uploader(page)
    other = padded(small_video, tmp_path / "other.mp4", 9 * 1024**2)
    other.write_bytes(other.read_bytes()[:-1] + b"!")
    pieces = sent(page)
    choose(page, file)
    expect(row(page, "large.mp4").locator(".facts")).to_contain_text("Already uploaded", timeout=20_000)
    arrived(page, file)
    assert pieces == []
    choose(page, other)
    arrived(page, other)
    assert len(pieces) == 2


@pytest.mark.soak
@pytest.mark.browser
def test_a_chunk_damaged_in_transit_is_sent_again(page: Page, small_video: Path, tmp_path: Path) -> None:
    file = padded(small_video, tmp_path / "clip.mp4", 2**18)
    damaged: list[int] = []

    def damage(route: Route) -> None:
        if route.request.method == "PATCH" and not damaged:
            body = route.request.post_data_buffer or b""
            damaged.append(len(body))
            route.continue_(post_data=body[:-1] + b"?")
        else:
            route.continue_()

    page.route(re.compile("/frametally/uploads/.+"), damage)
    choose(page, file)
    arrived(page, file)
    assert damaged == [2**18]


@pytest.mark.soak
@pytest.mark.browser
def test_a_browser_without_digests_can_upload(url: str, tab: Page, small_video: Path, tmp_path: Path) -> None:
    """`crypto.subtle` is missing on plain HTTP for any host other than localhost."""
    file = padded(small_video, tmp_path / "clip.mp4", 9 * 1024**2)
    page = tab.context.new_page()
    page.add_init_script("Object.defineProperty(crypto, 'subtle', {value: undefined})")
    page.goto(f"{url}/upload")
    choose(page, file)
    arrived(page, file)
    page.close()


@pytest.mark.soak
@pytest.mark.browser
def test_a_canceled_upload_is_removed(page: Page, small_video: Path, tmp_path: Path) -> None:
    with upload_speed(page, 1024**2):
        choose(page, padded(small_video, tmp_path / "large.mp4", 9 * 1024**2))
        expect(page.locator(".facts")).to_contain_text("B/s")
        with page.expect_request(lambda request: request.method == "DELETE"):
            page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("listitem")).to_have_count(0)
    expect(page.get_by_text("arrived: none")).to_be_visible()


@pytest.mark.soak
@pytest.mark.browser
@pytest.mark.parametrize(
    ("name", "reason"),
    [("noise.mp4", "not a video"), ("clip.wmv", "MP4"), ("large.mp4", "up to 33.6 MB are accepted")],
)
def test_an_unacceptable_file_is_refused_with_the_reason(
    page: Page, tmp_path: Path, small_video: Path, name: str, reason: str
) -> None:
    file = tmp_path / name
    file.write_bytes(b"\x07 no video" * (4_000_000 if name == "large.mp4" else 1_000))
    choose(page, file)
    expect(page.locator(".reason")).to_contain_text(reason)
    choose(page, small_video)
    arrived(page, small_video)


@pytest.fixture
def folder(small_video: Path, tmp_path: Path) -> Path:
    """Four videos, two of them in a subfolder, among other files that cameras write."""
    inside = tmp_path / "dock"
    (inside / "night").mkdir(parents=True)
    (inside / ".trash").mkdir()
    for number, name in enumerate(("10.mp4", "2.mp4", "night/11.MP4", "night/9.MP4")):
        padded(small_video, inside / name, small_video.stat().st_size + 9 + number)
    for other in ("._0.mp4", ".trash/old.mp4", "index.txt", "night/thumb.jpg", "empty.mp4"):
        (inside / other).write_bytes(b"" if other == "empty.mp4" else b"x")
    return inside


def expect_folder_uploaded(page: Page) -> None:
    expect(page.locator(".found")).to_have_text("4 videos in the folder (3 other files skipped).")
    expect(page.locator(".total")).to_have_text("4 of 4 uploaded", timeout=30_000)
    assert page.locator(".name").all_inner_texts() == ["2.mp4", "10.mp4", "9.MP4", "11.MP4"]


@pytest.mark.soak
@pytest.mark.browser
def test_a_dropped_folder_uploads_the_videos_in_it(page: Page, folder: Path) -> None:
    box = page.locator(".zone").bounding_box()
    assert box
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + 20}
        session.send("Input.dispatchDragEvent", {"type": kind, "data": data, **at})
    expect_folder_uploaded(page)


@pytest.mark.soak
@pytest.mark.browser
def test_a_chosen_folder_uploads_the_videos_in_it(page: Page, folder: Path, small_video: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a folder").click()
    chooser.value.set_files(folder)
    expect_folder_uploaded(page)
    choose(page, small_video)
    arrived(page, small_video)
    expect(page.locator(".found")).to_be_hidden()


@pytest.mark.soak
@pytest.mark.browser
def test_a_folder_without_videos_shows_a_notice(page: Page, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("none")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a folder").click()
    chooser.value.set_files(tmp_path / "notes")
    expect(page.locator(".found")).to_have_text("No videos in the folder (1 other file skipped).")
    expect(page.get_by_role("listitem")).to_have_count(0)
