"""The library routes on a real socket, as a client uses them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

import requests

from frametally.library.library import Library
from frametally.library.tickets import Tickets

MAX_VIDEO_BYTES = 32 * 1024**2


@dataclass
class MediaServer:
    """A running server and the requests of a tus client."""

    url: str
    library: Library
    tickets: Tickets
    data_dir: Path

    def create(self, name: str, size_bytes: int, ticket: str | None = None, **more: str) -> requests.Response:
        headers = {
            "Tus-Resumable": "1.0.0",
            "Upload-Length": str(size_bytes),
            "Upload-Metadata": f"filetype dmlkZW8=,filename {base64.b64encode(name.encode()).decode()}",
            "Authorization": f"Bearer {self.tickets.for_upload() if ticket is None else ticket}",
            **more,
        }
        return requests.post(f"{self.url}/frametally/uploads/", headers=headers, timeout=10)

    def begin(self, name: str, size_bytes: int) -> str:
        """Create an upload and return its URL."""
        answer = self.create(name, size_bytes)
        assert answer.status_code == 201, answer.text
        return requests.compat.urljoin(answer.url, answer.headers["Location"])

    def patch(self, url: str, offset_bytes: int, piece: bytes, **more: str) -> requests.Response:
        headers = {
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": str(offset_bytes),
            "Content-Type": "application/offset+octet-stream",
            **more,
        }
        return requests.patch(url, data=piece, headers=headers, timeout=30)

    def head(self, url: str) -> requests.Response:
        return requests.head(url, headers={"Tus-Resumable": "1.0.0"}, timeout=10)

    def delete(self, url: str) -> requests.Response:
        return requests.delete(url, headers={"Tus-Resumable": "1.0.0"}, timeout=10)

    def files(self) -> list[str]:
        """The paths of all files below the library folder."""
        folder = self.data_dir / "media"
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
