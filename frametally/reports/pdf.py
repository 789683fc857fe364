"""A brief as PDF, printed by a browser without a window where one is installed.

The browser gets an empty profile of its own, no network and a time limit; it ends with all of its processes.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from msgspec.structs import replace

from frametally.errors import SettingsError
from frametally.processes.environment import child_environment
from frametally.reports.brief import Brief, BriefFile
from frametally.reports.document.page import for_printing

BROWSERS: Final = (
    *("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"),
    *("microsoft-edge-stable", "microsoft-edge", "msedge"),
)
TIMEOUT_S: Final = 180.0
_JPEG_QUALITY: Final = 85
_BY_HAND: Final = "Open the HTML file in any browser, choose Print, and save as PDF."
_OPTIONS: Final = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=127.0.0.1:9",
    "--no-pdf-header-footer",
    "--virtual-time-budget=20000",
)


def find_browser(chosen: str | None, which: Callable[[str], str | None] = shutil.which) -> str:
    """The path of a browser that can print.

    Args:
        chosen: name or path of the one to use; None: the first that is installed.
        which: finds a program.

    Raises:
        SettingsError: there is none.
    """
    names = (chosen,) if chosen else BROWSERS
    found = next((path for name in names if (path := which(name))), None)
    if found is None:
        what = f"The browser {chosen} is not installed." if chosen else "A PDF needs Chromium, Chrome or Edge."
        raise SettingsError(what, _BY_HAND)
    return found


def make_pdf(brief: Brief, browser: str, *, timeout_s: float = TIMEOUT_S) -> bytes:
    """The brief as PDF, in A4.

    Args:
        brief: to print.
        browser: as from `find_browser`.
        timeout_s: after which the browser is ended.

    Raises:
        SettingsError: the browser made no PDF.
    """
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        page, target = Path(folder) / "brief.html", Path(folder) / "brief.pdf"
        page.write_bytes(for_printing(_with_jpeg(brief)))
        command = [browser, *_OPTIONS, f"--user-data-dir={folder}/profile", f"--print-to-pdf={target}"]
        if os.geteuid() == 0:
            command.append("--no-sandbox")  # the browser refuses to start as root with it
        _run([*command, page.as_uri()], folder, timeout_s)
        try:
            content = target.read_bytes()
        except FileNotFoundError:
            content = b""
    if not content.startswith(b"%PDF-"):
        raise SettingsError("The browser made no PDF.", _BY_HAND)
    return content


def _with_jpeg(brief: Brief) -> Brief:
    """The brief with pictures of the one format that a PDF can contain as it is; others would be many times larger."""
    return replace(brief, files=tuple(_as_jpeg(file) for file in brief.files if file.media_type == "image/webp"))


def _as_jpeg(file: BriefFile) -> BriefFile:
    import cv2  # takes long to import
    import numpy as np

    from frametally.rendering.image_files import to_jpeg

    image = cv2.imdecode(np.frombuffer(file.content, np.uint8), cv2.IMREAD_COLOR)
    return replace(file, media_type="image/jpeg", content=to_jpeg(np.asarray(image, np.uint8), _JPEG_QUALITY))


def _run(command: list[str], home: str, timeout_s: float) -> None:
    """Wait for the browser; at the end, all of its processes are ended."""
    env = child_environment(os.environ) | {"HOME": home}
    try:
        process = subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise SettingsError(f"The browser cannot be started: {error.strerror}.", _BY_HAND) from error
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired as error:
        raise SettingsError(f"The browser made no PDF within {timeout_s:g} s.", _BY_HAND) from error
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
