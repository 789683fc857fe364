"""`frametally dashboard` of an installed wheel, started in an empty folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets import Origin, Subprotocol
from websockets.sync.client import connect

from tests.support.browser import FIRST_PAINT_MS
from tests.support.dashboards import wait_for_address
from tests.support.ports import reserved_port

RUN_MS = 120_000
TEXT_COLOR, TEXT_RGB = "#15211e", "rgb(21, 33, 30)"
"""`theme.light.textColor` of .streamlit/config.toml, which differs from the default of Streamlit."""


@pytest.fixture
def url(installed: Path, tmp_path: Path) -> Iterator[str]:
    """The address of the installed dashboard, which runs in `tmp_path`."""
    log = tmp_path.with_name(f"{tmp_path.name}.log")
    foreign = {name: value for name, value in os.environ.items() if not name.startswith(("FRAMETALLY_", "ROBO"))}
    with reserved_port() as port, log.open("wb") as output:
        command = [sys.executable, "-m", "frametally", "dashboard", "--port", str(port)]
        env = {**foreign, "PYTHONPATH": str(installed)}
        server = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=output, stderr=subprocess.STDOUT)
        try:
            wait_for_address(server, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=20)
    assert "Traceback" not in log.read_text()


def is_end(message: ForwardMsg) -> bool:
    """Whether the page has run; it may first run again, as soon as it knows the browser."""
    return message.HasField("script_finished") and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY


def messages_of_the_start_page(url: str) -> list[ForwardMsg]:
    """What the server sends to a browser that opens the dashboard, until the page has run."""
    cookies = "; ".join(f"{name}={value}" for name, value in requests.get(url, timeout=20).cookies.items())
    messages = list[ForwardMsg]()
    with connect(
        url.replace("http", "ws", 1) + "/_stcore/stream",
        subprotocols=[Subprotocol("streamlit")],
        additional_headers={"Cookie": cookies} if cookies else {},
        origin=Origin(url),
        max_size=None,
        proxy=None,
    ) as socket:
        start = BackMsg()
        start.rerun_script.query_string = ""
        socket.send(start.SerializeToString())
        while not messages or not is_end(messages[-1]):
            received = socket.recv(timeout=FIRST_PAINT_MS / 1000)
            assert isinstance(received, bytes)
            messages.append(ForwardMsg.FromString(received))
    return messages


def test_installed_dashboard_has_its_theme_and_keeps_data_in_the_working_directory(url: str, tmp_path: Path) -> None:
    messages = messages_of_the_start_page(url)
    theme = next(message.new_session.custom_theme for message in messages if message.HasField("new_session"))
    assert theme.light.text_color == TEXT_COLOR
    assert any(message.delta.new_element.button.label == "Try the sample" for message in messages)
    assert {path.name for path in tmp_path.iterdir()} == {"data"}


@pytest.mark.browser
@pytest.mark.soak
def test_installed_dashboard_runs_the_sample_to_its_chart(url: str, page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(url)
    page.get_by_role("button", name="Try the sample").click(timeout=FIRST_PAINT_MS)
    assert page.evaluate("getComputedStyle(document.querySelector('.stApp')).color") == TEXT_RGB
    expect(page.get_by_role("heading", name="Analytics")).to_be_visible(timeout=RUN_MS)
    counted = page.locator(".player .classes .name")
    expect(counted).to_have_text(["bag", "box", "envelope", "tote", "tube"], timeout=FIRST_PAINT_MS)
    expect(page.get_by_text("375 of 375 frames analyzed")).to_be_visible()
