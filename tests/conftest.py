"""What several tests share: a small generated video, and the real material where it is at hand."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from random import Random

import av
import numpy as np
import pytest
from playwright.sync_api import Browser, sync_playwright

pytest_plugins = [
    "tests.support.clients",
    "tests.support.engines",
    "tests.support.ledgers",
    "tests.support.videos",
]

CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SHARED_DATA = Path(__file__).parent.parent.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real videos, models and results; tests that need them skip where they are missing."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the shared data is not at hand")
    return SHARED_DATA


@pytest.fixture(scope="session")
def small_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds at 10 frames per second, 320 x 240, H.264: a bright square crosses a gray field from the left."""
    path = tmp_path_factory.mktemp("video") / "square.mp4"
    write_video(path, frames=40, fps=10)
    return path


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests that need one: a process has room for one Playwright only."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no browser at {CHROMIUM}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture
def no_hard_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on exFAT and FAT, where a file has one name only."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)


def write_video(path: Path, *, frames: int, fps: int, width_px: int = 320, height_px: int = 240) -> None:
    """A gray field with some texture; a bright 48 px square moves across it from frame 10 on, 6 px a frame."""
    field = np.random.default_rng(7).integers(90, 110, (height_px, width_px, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps), options={"crf": "18", "g": "12", "bf": "2"})
        stream.width, stream.height, stream.pix_fmt = width_px, height_px, "yuv420p"
        for number in range(frames):
            image = field.copy()
            if number >= 10:
                left = (number - 10) * 6
                image[96:144, left : left + 48] = 235
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))


def padded(video: Path, path: Path, size_bytes: int) -> Path:
    """The same video made larger by a box of noise that players skip; another noise for another path."""
    content = video.read_bytes()
    padding = size_bytes - len(content)
    noise = Random(f"{path.parent.name}/{path.name}").randbytes(padding - 8)
    path.write_bytes(content + padding.to_bytes(4, "big") + b"free" + noise)
    return path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root may mount a disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path, *, leave_bytes: int = 0) -> Path:
    """A file that takes all the room of the disk but this."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        while (left := shutil.disk_usage(disk).free - leave_bytes) > 0:
            file.write(bytes(min(4096, left)))
            file.flush()
    return filler
