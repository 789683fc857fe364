"""Cost of a repeatedly interrupted upload: the connection is cut, the page reloaded, the server killed.

Debian's chromium sends a file of 3 GB (`python -m benchmarks.upload BYTES` for another size) with the dashboard's
uploader through a proxy that closes each connection after a fifteenth of the file. After a third of the bytes the page
is reloaded and the file chosen again; after two thirds the server is killed with SIGKILL and replaced.

upload_sent_vs_file   all bytes sent by the browser, counted by the proxy, over the size of the file
upload_memory_mib     growth of the server's peak memory after a first small upload; the larger of the two servers
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random

from playwright.sync_api import Browser, Page, expect, sync_playwright

from benchmarks.cutting_proxy import CuttingProxy
from benchmarks.dashboard import dashboard_process
from benchmarks.frames import write_moving_picture
from frametally.storage.digests import digests_of

SIZE_BYTES = 3 * 10**9
CUTS = 15
SHOWN = "frames per second ·"
"""Text on the card of a stored video."""
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
_TIMEOUT_MS = 300_000


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Result of the upload."""

    is_whole: bool
    """Whether the stored video has the same sha256 as the file."""
    sent_bytes: int
    cuts: int
    memory_mib: float
    took_s: float


def figures(size_bytes: int = SIZE_BYTES) -> Iterator[tuple[str, float]]:
    """Print the measurements; yield a ratio and mebibytes."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=_FLAGS)
        small, file = Path(folder) / "small.mp4", Path(folder) / "large.mp4"
        write_moving_picture(small, seconds=2, fps=10, gop=10, size=(320, 240))
        write_large(small, file, size_bytes)
        outcome = upload_on_a_bad_day(browser, small, file, Path(folder) / "data")
        browser.close()
    arrived = "whole" if outcome.is_whole else "DAMAGED"
    print(f"{size_bytes / 1e6:,.0f} MB arrived {arrived} in {outcome.took_s:.0f} s, {outcome.cuts} connections cut")
    yield "upload_sent_vs_file", outcome.sent_bytes / size_bytes
    yield "upload_memory_mib", outcome.memory_mib


def write_large(video: Path, path: Path, size_bytes: int) -> None:
    """Write the video, padded to the size with an MP4 box of random bytes that players skip."""
    content = video.read_bytes()
    random, left = Random(7), size_bytes - len(content) - 8
    with path.open("wb") as file:
        file.write(content + (left + 8).to_bytes(4, "big") + b"free")
        while left:
            left -= file.write(random.randbytes(min(left, 2**20)))


def upload_on_a_bad_day(browser: Browser, small: Path, file: Path, data_dir: Path, *, cuts: int = CUTS) -> Outcome:
    """Upload the file despite cut connections, a reload and a SIGKILL of the server; check the stored video.

    The proxy closes each connection after one of `cuts` equal parts of the file. Each server receives a small upload
    first, so that `memory_mib` does not include the imports.
    """
    size_bytes = file.stat().st_size
    with ExitStack() as stack:
        proxy = stack.enter_context(CuttingProxy(size_bytes // cuts))
        first, url = stack.enter_context(dashboard_process(data_dir))
        upload_one(browser, small, url)
        proxy.target_port = port_of(url)
        before_mib = reset_peak_mib(first.pid)
        page = open_page(browser, proxy.url)
        started_s = time.perf_counter()
        proxy.hold_at_bytes = size_bytes // 3
        choose(page, file)
        wait_until_sent(page, proxy, size_bytes // 3)
        proxy.hold_at_bytes = size_bytes * 2 // 3
        page.reload()
        choose(page, file)
        expect(page.locator(".facts")).to_contain_text("resumed at", timeout=_TIMEOUT_MS)
        wait_until_sent(page, proxy, size_bytes * 2 // 3)
        growth_mib = peak_mib(first.pid) - before_mib
        proxy.target_port = proxy.hold_at_bytes = None
        first.kill()
        second, url = stack.enter_context(dashboard_process(data_dir))
        upload_one(browser, small, url)
        before_mib = reset_peak_mib(second.pid)
        proxy.target_port = port_of(url)
        expect(page.locator(".facts")).to_contain_text("Ready", timeout=_TIMEOUT_MS)
        took_s = time.perf_counter() - started_s
        growth_mib = max(growth_mib, peak_mib(second.pid) - before_mib)
        expect(page.get_by_text(SHOWN)).to_be_visible(timeout=60_000)  # also in the session of the new server
        page.close()
    sha256 = sha256_of(file)
    stored_video = next((data_dir / "media" / "videos" / sha256).glob("video.*"), None)
    return Outcome(
        is_whole=stored_video is not None and digests_of(stored_video).sha256 == sha256,
        sent_bytes=proxy.sent_bytes,
        cuts=proxy.cuts,
        memory_mib=growth_mib,
        took_s=took_s,
    )


def upload_one(browser: Browser, small: Path, url: str) -> None:
    """Upload a small video to a new server, so that it has imported all modules."""
    page = open_page(browser, url)
    choose(page, small)
    expect(page.get_by_text(SHOWN)).to_be_visible(timeout=60_000)
    page.close()


def port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[1])


def open_page(browser: Browser, url: str) -> Page:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{url}/upload")
    return page


def choose(page: Page, file: Path) -> None:
    page.locator("input[type=file]").set_input_files(file, timeout=60_000)


def wait_until_sent(page: Page, proxy: CuttingProxy, sent_bytes: int) -> None:
    deadline_s = time.monotonic() + _TIMEOUT_MS / 1000
    while proxy.sent_bytes < sent_bytes:
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"The upload did not reach {sent_bytes:,} bytes in time.")
        page.wait_for_timeout(50)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def reset_peak_mib(pid: int) -> float:
    """Reset the peak resident memory of the process; returns the new peak, which is the current value."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return peak_mib(pid)


def peak_mib(pid: int) -> float:
    """The peak resident memory of the process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    for figure, value in figures(*(int(size) for size in sys.argv[1:2])):
        print(f"figure {figure} {value:.3f}")
