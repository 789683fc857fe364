"""A TCP proxy that counts the bytes sent by clients and closes each connection after a number of them."""

from __future__ import annotations

import asyncio
import math
import threading
from contextlib import suppress
from types import TracebackType

_CHUNK_BYTES = 64 * 1024
_MIN_UPLOAD_BYTES = 4 * _CHUNK_BYTES
"""A connection is treated as an upload once it has sent this many bytes."""


class CuttingProxy:
    """Proxy in front of the server at `target_port`; while that is None, new connections are closed immediately."""

    def __init__(self, cut_after_bytes: int) -> None:
        self.target_port: int | None = None
        self.sent_bytes = 0
        """Bytes sent by clients over all connections, including headers."""
        self.hold_at_bytes: int | None = None
        """Uploads pause once `sent_bytes` reaches this value, so that the next step starts at a known offset."""
        self.cuts = 0
        """Connections closed because the client had sent `cut_after_bytes`."""
        self._cut_after_bytes = cut_after_bytes
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._run, name="proxy")

    def __enter__(self) -> CuttingProxy:
        self._thread.start()
        self._listening.wait()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self._stopping = asyncio.Event()
        server = await asyncio.start_server(self._handle, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        self._listening.set()
        await self._stopping.wait()
        server.close()
        running_tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in running_tasks:  # including paused uploads
            task.cancel()
        await asyncio.gather(*running_tasks, return_exceptions=True)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = [writer]
        try:
            if self.target_port is None:
                return
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
            ends.append(server_writer)
            self._writers.update(ends)
            await asyncio.wait(
                [
                    asyncio.ensure_future(self._count_and_pass(reader, server_writer)),
                    asyncio.ensure_future(_pass(server_reader, writer)),
                ],
                return_when=asyncio.FIRST_COMPLETED,
            )
        except OSError:
            pass  # the server is not running
        finally:
            for end in ends:
                end.transport.abort()
            self._writers.difference_update(ends)

    async def _count_and_pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = self._cut_after_bytes
        with suppress(OSError):
            while left > 0 and (data := await reader.read(_CHUNK_BYTES)):
                # A connection that has sent little may be loading the page, which must not be blocked.
                while (
                    self.sent_bytes >= (self.hold_at_bytes or math.inf)
                    and self._cut_after_bytes - left >= _MIN_UPLOAD_BYTES
                ):
                    await asyncio.sleep(0.02)
                self.sent_bytes += len(data)
                left -= len(data)
                writer.write(data)
                await writer.drain()
        self.cuts += left <= 0


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(_CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
