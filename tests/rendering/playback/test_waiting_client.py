"""Clients that do not wait for a response any more."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.types import Message

from frametally.rendering.playback.waiting_client import still_waiting
from tests.support.event_loops import run_coroutine


def test_a_client_waits_until_it_disconnects() -> None:
    async def run() -> list[bool]:
        messages: asyncio.Queue[Message] = asyncio.Queue()
        messages.put_nowait({"type": "http.request", "body": b"", "more_body": False})
        seen = []
        with still_waiting(Request({"type": "http"}, messages.get)) as is_waiting:
            for message in ({"type": "http.request"}, {"type": "http.disconnect"}):
                await asyncio.sleep(0.01)
                seen.append(is_waiting())
                messages.put_nowait(message)
            await asyncio.sleep(0.01)
            seen.append(is_waiting())
        return seen

    assert run_coroutine(run()) == [True, True, False]
