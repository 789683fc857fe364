"""Clients that speak Streamlit's protocol without a browser, all in one process.

    python -m tests.support.streamlit_clients URL --clients 50 [--page jobs] [--query job=…] [--stay-s 60] [--hidden]

Each client fetches the document, opens a session, and runs the page to its end; all start at once. Then it stays for
`--stay-s` seconds: it reads the stream of ended jobs, repeats fragments as often as the page asks, unless it is
`--hidden`, and with `--click-every-s` runs the page again at a random time of each period. A document that is refused
with 503 counts as `full`. Prints a line once all pages have run, and at the end one JSON object per client.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from urllib.parse import urlsplit

import requests
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

OPEN = "open"
"""The line that says that all pages have run."""
_LIMIT_S = 120.0
_STREAM = re.compile(rb"/frametally/ends/[\w.=~:-]+\?after=\d+")


@dataclass
class Visit:
    """What one client saw; times in seconds from the start of all clients."""

    is_full: bool = False
    fetched_s: float | None = None
    opened_s: float | None = None
    finished_s: float | None = None
    answers_s: list[float] = field(default_factory=list)
    """Duration of each click until the page had run; infinite for one without an end."""
    fragment_runs: int = 0
    has_stream: bool = False
    """Whether it read the stream of ended jobs to the end of its stay."""
    exceptions: int = 0
    fault: str = ""


class Tab:
    """An open session, with the messages that it has received."""

    def __init__(
        self, socket: websockets.ClientConnection, visit: Visit, page: str, query: str, *, is_hidden: bool
    ) -> None:
        self._is_hidden = is_hidden
        self.stream_path = ""
        self._socket = socket
        self._visit = visit
        self._page = page
        self._query = query
        self.finished = asyncio.Event()
        self._timers: dict[str, asyncio.Task[None]] = {}

    async def receive(self) -> None:
        """Read messages until the connection ends."""
        async for data in self._socket:
            assert isinstance(data, bytes)
            if found := _STREAM.search(data):
                self.stream_path = found[0].decode()
            self._note(ForwardMsg.FromString(data))

    async def run(self) -> None:
        """Run the page, and return when it has ended."""
        self.finished.clear()
        self.close()
        await self._send("")
        await self.finished.wait()

    def close(self) -> None:
        """End the repetition of fragments."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers = {}

    def _note(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "delta" and message.delta.new_element.HasField("exception"):
            self._visit.exceptions += 1
        elif kind == "auto_rerun" and not self._is_hidden and message.auto_rerun.fragment_id not in self._timers:
            timer = self._repeat(message.auto_rerun.fragment_id, message.auto_rerun.interval)
            self._timers[message.auto_rerun.fragment_id] = asyncio.create_task(timer)
        elif kind == "script_finished":
            status = message.script_finished
            if status == ForwardMsg.FINISHED_SUCCESSFULLY:
                self.finished.set()
            self._visit.fragment_runs += status == ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY

    async def _repeat(self, fragment_id: str, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            await self._send(fragment_id)

    async def _send(self, fragment_id: str) -> None:
        message = BackMsg()
        message.rerun_script.page_name = self._page
        message.rerun_script.query_string = self._query
        message.rerun_script.fragment_id = fragment_id
        message.rerun_script.is_auto_rerun = bool(fragment_id)
        await self._socket.send(bytes(message.SerializeToString()))


def fetch(url: str, page: str, started_s: float, seen: Visit) -> tuple[bool, str]:
    """Get the document, and what its script gets before it connects; returns whether it is full, and the cookies."""
    with requests.Session() as browser:
        document = browser.get(f"{url}/{page}", timeout=_LIMIT_S)
        seen.fetched_s = time.monotonic() - started_s
        if document.status_code == 503:
            return True, ""
        document.raise_for_status()
        for path in ("health", "host-config"):
            browser.get(f"{url}/_stcore/{path}", timeout=_LIMIT_S).raise_for_status()
        return False, "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


async def visit(url: str, options: argparse.Namespace, started_s: float, seen: Visit) -> None:
    """Open the page, stay, and leave; what happens is written into `seen`."""
    seen.is_full, cookies = await asyncio.to_thread(fetch, url, options.page, started_s, seen)
    if seen.is_full:
        return
    async with websockets.connect(
        url.replace("http", "ws", 1) + "/_stcore/stream",
        subprotocols=[websockets.Subprotocol("streamlit")],
        additional_headers={"Cookie": cookies} if cookies else {},
        origin=websockets.Origin(url),
        max_size=None,
        open_timeout=_LIMIT_S,
        proxy=None,
    ) as socket:
        seen.opened_s = time.monotonic() - started_s
        tab = Tab(socket, seen, options.page, options.query, is_hidden=options.hidden)
        receiving = asyncio.create_task(tab.receive())
        async with asyncio.timeout(_LIMIT_S):
            await tab.run()
        seen.finished_s = time.monotonic() - started_s
        stream = asyncio.create_task(follow(url, tab.stream_path, cookies))
        await stay(tab, seen, options)
        seen.has_stream = not stream.done()
        stream.cancel()
        tab.close()
        receiving.cancel()
        with suppress(asyncio.CancelledError):
            await receiving


async def follow(url: str, path: str, cookies: str) -> None:
    """Read the stream of ended jobs, until it ends."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    cookie = f"Cookie: {cookies}\r\n" if cookies else ""
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n{cookie}\r\n".encode())
    try:
        if b" 200 " in await reader.readline():
            while await reader.read(4096):
                """Messages, and comments that keep the connection open."""
    finally:
        writer.close()


async def stay(tab: Tab, seen: Visit, options: argparse.Namespace) -> None:
    """Keep the session open for the given time, with clicks."""
    ends_s = time.monotonic() + options.stay_s
    if not options.click_every_s:
        await asyncio.sleep(options.stay_s)
        return
    await asyncio.sleep(random.uniform(0, options.click_every_s))  # the clients do not click together
    while time.monotonic() < ends_s:
        clicked_s = time.monotonic()
        try:
            async with asyncio.timeout(options.click_every_s):
                await tab.run()
            seen.answers_s.append(time.monotonic() - clicked_s)
        except TimeoutError:
            seen.answers_s.append(float("inf"))
        await asyncio.sleep(max(0.0, clicked_s + options.click_every_s - time.monotonic()))


async def visit_all(options: argparse.Namespace) -> list[Visit]:
    """All clients at once."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(options.clients))
    started_s, seen = time.monotonic(), [Visit() for _ in range(options.clients)]

    async def one(own: Visit) -> None:
        try:
            await visit(options.url, options, started_s, own)
        except (OSError, TimeoutError, requests.RequestException, websockets.WebSocketException) as error:
            own.fault = f"{type(error).__name__} {error}"[:200]

    async def say_when_open() -> None:
        while not all(each.finished_s or each.is_full or each.fault for each in seen):
            await asyncio.sleep(0.1)
        print(OPEN, flush=True)

    await asyncio.gather(say_when_open(), *(one(each) for each in seen))
    return seen


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--page", default="upload")
    parser.add_argument("--query", default="")
    parser.add_argument("--stay-s", type=float, default=0.0)
    parser.add_argument("--click-every-s", type=float, default=0.0)
    parser.add_argument("--hidden", action="store_true")
    for each in asyncio.run(visit_all(parser.parse_args())):
        print(json.dumps(asdict(each)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
