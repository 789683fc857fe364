"""A tab that changes its page while a fragment of the page before asks for a run: it shows the new page, whole."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from textwrap import dedent

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets import Subprotocol
from websockets.sync.client import ClientConnection, connect

from tests.support.dashboards import ROOT, wait_for_address
from tests.support.ports import reserved_port

APP = """
    from streamlit.starlette import App

    from components.header.left_pages import drop_runs_of_left_pages

    drop_runs_of_left_pages()
    app = App("script.py")
"""
SCRIPT = """
    import time

    import streamlit as st

    @st.fragment
    def part():
        st.write("part")

    def first():
        part()

    def second():
        time.sleep(0.3)
        st.write("second")

    def third():
        st.switch_page(st.Page(first))

    st.navigation([st.Page(first, default=True), st.Page(second), st.Page(third)]).run()
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    tmp_path = tmp_path_factory.mktemp("dashboard")
    (tmp_path / "app.py").write_text(dedent(APP))
    (tmp_path / "script.py").write_text(dedent(SCRIPT))
    log = tmp_path / "log"
    with reserved_port() as port:
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
        place = ["--server.port", str(port), "--server.address", "127.0.0.1", "--browser.gatherUsageStats", "false"]
        with log.open("wb") as output:
            server = subprocess.Popen(
                [*command, *place],
                cwd=tmp_path,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdout=output,
                stderr=output,
            )
        try:
            wait_for_address(server, log)
            yield f"ws://127.0.0.1:{port}/_stcore/stream"
        finally:
            server.terminate()
            server.wait()


@dataclass
class Seen:
    """What the server sent about pages, in order."""

    pages: dict[str, str] = field(default_factory=dict)
    """Script hash by URL path."""
    opened: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    fragment: str = ""
    ended: int = 0


def opened(url: str) -> ClientConnection:
    return connect(url, subprotocols=[Subprotocol("streamlit")], max_size=None)


def collect(socket: ClientConnection, seen: Seen, *, ends: int, limit_s: float = 20) -> None:
    """Read messages until so many runs have ended; raises TimeoutError after a pause of this length."""
    while seen.ended < ends:
        message = ForwardMsg.FromString(socket.recv(timeout=limit_s, decode=False))
        kind = message.WhichOneof("type")
        if kind == "navigation":
            seen.pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
            seen.opened.append(message.navigation.page_script_hash)
        elif kind == "new_session":
            seen.opened.append(message.new_session.page_script_hash)
        elif kind == "delta":
            seen.fragment = message.delta.fragment_id or seen.fragment
            seen.texts.append(message.delta.new_element.markdown.body)
        seen.ended += kind == "script_finished"


def rerun(page: str = "", fragment: str = "") -> bytes:
    message = BackMsg()
    message.rerun_script.page_script_hash = page
    message.rerun_script.fragment_id = fragment
    return bytes(message.SerializeToString())


@pytest.mark.parametrize("then_s", [0.0, 0.15])
def test_a_fragment_of_the_page_before_does_not_return_to_it(url: str, then_s: float) -> None:
    seen = Seen()
    with opened(url) as socket:
        socket.send(rerun())
        collect(socket, seen, ends=1)
        first = seen.opened[-1]
        seen.opened.clear()
        socket.send(rerun(seen.pages["second"]))
        time.sleep(then_s)
        socket.send(rerun(first, seen.fragment))
        with suppress(TimeoutError):
            collect(socket, seen, ends=3, limit_s=1)
    assert set(seen.opened) == {seen.pages["second"]}
    assert seen.texts[-1] == "second"


def test_a_fragment_runs_after_the_script_has_returned_to_its_page(url: str) -> None:
    seen = Seen()
    with opened(url) as socket:
        socket.send(rerun())
        collect(socket, seen, ends=1)
        first = seen.opened[-1]
        socket.send(rerun(seen.pages["second"]))
        collect(socket, seen, ends=2)
        socket.send(rerun(seen.pages["third"]))
        while seen.opened[-1] != first:
            collect(socket, seen, ends=seen.ended + 1)
        seen.texts.clear()
        socket.send(rerun(first, seen.fragment))
        collect(socket, seen, ends=seen.ended + 1)
    assert seen.texts[-1] == "part"
