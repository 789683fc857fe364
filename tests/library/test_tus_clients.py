"""`tuspy`, an independent tus client, against the routes on a real socket."""

from __future__ import annotations

import hashlib
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.media_server import MediaServer
from tests.support.video_files import padded

if TYPE_CHECKING:
    from tusclient.client import TusClient

PIECE_BYTES = 1024**2
NAMED = {"filename": "clip.mp4"}


@pytest.fixture
def content(small_video: Path, tmp_path: Path) -> bytes:
    return padded(small_video, tmp_path / "clip.mp4", 5 * PIECE_BYTES).read_bytes()


def client(server: MediaServer, **headers: str) -> TusClient:
    from tusclient.client import TusClient  # imports aiohttp: not while tests are collected

    return TusClient(f"{server.url}/frametally/uploads/", headers=headers)


def allowed_client(server: MediaServer) -> TusClient:
    return client(server, Authorization=f"Bearer {server.tickets.for_upload()}")


@pytest.mark.parametrize("with_checksum", [False, True])
def test_client_uploads(server: MediaServer, content: bytes, with_checksum: bool) -> None:
    allowed_client(server).uploader(
        file_stream=BytesIO(content), chunk_size=PIECE_BYTES, metadata=NAMED, upload_checksum=with_checksum
    ).upload()
    kept = server.library.get(hashlib.sha256(content).hexdigest())
    assert kept is not None
    assert kept.file_name == "clip.mp4"


def test_client_resumes_after_a_restart(server: MediaServer, content: bytes) -> None:
    first = allowed_client(server).uploader(file_stream=BytesIO(content), chunk_size=PIECE_BYTES, metadata=NAMED)
    first.upload(stop_at=2 * PIECE_BYTES)
    again = allowed_client(server).uploader(file_stream=BytesIO(content), chunk_size=PIECE_BYTES, url=first.url)
    assert again.offset == 2 * PIECE_BYTES
    again.upload()
    assert server.library.get(hashlib.sha256(content).hexdigest()) is not None


def test_client_without_a_ticket_is_refused(server: MediaServer, content: bytes) -> None:
    from tusclient.exceptions import TusCommunicationError

    stranger = client(server)
    with pytest.raises(TusCommunicationError) as refusal:
        stranger.uploader(file_stream=BytesIO(content), metadata=NAMED).upload()
    assert refusal.value.status_code == 401
