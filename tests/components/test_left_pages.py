"""A tab that changes its page while a fragment of the page before asks for a run: it shows the new page, whole."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

import pytest
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.support.dashboards import ROOT, wait_for_address
from tests.support.ports import reserved_port

APP = """
    from streamlit.starlette import App

    from components.left_pages import drop_runs_of_left_pages

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


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
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
        wait_for_address(server, log)
        yield f"ws://127.0.0.1:{port}/_stcore/stream"
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


async def collect(socket: websockets.ClientConnection, seen: Seen, *, ends: int, limit_s: float) -> None:
    """Read messages until so many runs have ended, and for at most this long."""
    async with asyncio.timeout(limit_s):
        while seen.ended < ends:
            message = ForwardMsg.FromString(await socket.recv(decode=False))
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


async def change_page(url: str, seen: Seen, *, then_s: float) -> None:
    """Open the first page, go to the second one, and ask for the fragment of the first one a moment later."""
    async with websockets.connect(url, subprotocols=[websockets.Subprotocol("streamlit")], max_size=None) as socket:
        await socket.send(rerun())
        await collect(socket, seen, ends=1, limit_s=20)
        first = seen.opened[-1]
        seen.opened.clear()
        await socket.send(rerun(seen.pages["second"]))
        await asyncio.sleep(then_s)
        await socket.send(rerun(first, seen.fragment))
        with suppress(TimeoutError):
            await collect(socket, seen, ends=3, limit_s=1.5)


@pytest.mark.parametrize("then_s", [0.0, 0.15])
def test_a_fragment_of_the_page_before_does_not_return_to_it(url: str, then_s: float) -> None:
    seen = Seen()
    asyncio.run(change_page(url, seen, then_s=then_s))
    assert set(seen.opened) == {seen.pages["second"]}
    assert seen.texts[-1] == "second"


def test_a_fragment_runs_after_the_script_has_returned_to_its_page(url: str) -> None:
    async def there_and_back() -> None:
        async with websockets.connect(url, subprotocols=[websockets.Subprotocol("streamlit")], max_size=None) as socket:
            await socket.send(rerun())
            await collect(socket, seen, ends=1, limit_s=20)
            first = seen.opened[-1]
            await socket.send(rerun(seen.pages["second"]))
            await collect(socket, seen, ends=2, limit_s=20)
            await socket.send(rerun(seen.pages["third"]))
            while seen.opened[-1] != first:
                await collect(socket, seen, ends=seen.ended + 1, limit_s=20)
            seen.texts.clear()
            await socket.send(rerun(first, seen.fragment))
            await collect(socket, seen, ends=seen.ended + 1, limit_s=20)

    seen = Seen()
    asyncio.run(there_and_back())
    assert seen.texts[-1] == "part"
