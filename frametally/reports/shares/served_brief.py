"""The document of a link in memory, compressed once for each encoding that browsers ask for."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa

from frametally.reports.document.page import Preview, served
from frametally.reports.shares.kept_brief import FILES_NAME, KeptBrief, Stamp

ENCODINGS: Final = ("br", "gzip")
"""In order of preference."""
_BROTLI_LEVEL, _GZIP_LEVEL = 7, 6
_ETAG_DIGITS: Final = 24
MAX_MEMORY_BYTES: Final = 64 << 20


@dataclass(frozen=True, kw_only=True)
class Served:
    """A document with its headers, and the files that belong to it."""

    html: bytes = field(repr=False)
    policy: str
    etag: str
    media_types: Mapping[str, str]
    """Of the files that belong to it, by the name in their address."""
    _encoded: dict[str, bytes] = field(default_factory=dict, repr=False)
    _encoding: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def at_once(self, encoding: str) -> bytes | None:
        """The document in this encoding, empty: as it is; None if it has to be compressed first."""
        return self._encoded.get(encoding) if encoding else self.html

    def encoded(self, encoding: str) -> bytes:
        """The document in this encoding."""
        with self._encoding:  # of many first requests, one compresses
            if encoding not in self._encoded:
                self._encoded[encoding] = _compressed(self.html, encoding)
            return self._encoded[encoding]

    @property
    def size_bytes(self) -> int:
        """What it takes in memory."""
        return len(self.html) + sum(map(len, self._encoded.values()))


def serve(kept: KeptBrief, *, token: str, plotly_url: str, preview: Preview | None, has_video: bool) -> Served:
    """The document for the link with this token; its addresses are relative to that of the link."""
    addresses = {name: f"{token}/{FILES_NAME}/{kept_as}" for name, kept_as in kept.kept_as.items()}
    page = served(
        kept.brief,
        plotly_url=plotly_url,
        file_url=addresses.__getitem__,
        preview=preview,
        video_url=f"{token}/video" if has_video else "",
    )
    return Served(
        html=page.html,
        policy=page.policy,
        etag=hashlib.sha256(page.html + page.policy.encode()).hexdigest()[:_ETAG_DIGITS],
        media_types={kept.kept_as[file.name]: file.media_type for file in kept.brief.files},
    )


class Documents:
    """The documents served last. Safe to use from any thread."""

    def __init__(self, max_bytes: int = MAX_MEMORY_BYTES) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._held: OrderedDict[str, tuple[Stamp, Served]] = OrderedDict()

    def get(self, share_id: str, stamp: Stamp) -> Served | None:
        """The document that was made from this brief."""
        with self._lock:
            known, document = self._held.get(share_id, (None, None))
            if known != stamp:
                return None
            self._held.move_to_end(share_id)
            return document

    def put(self, share_id: str, stamp: Stamp, document: Served) -> None:
        """Hold a document, and let go of the least recently used ones."""
        with self._lock:
            self._held[share_id] = stamp, document
            self._held.move_to_end(share_id)
            while len(self._held) > 1 and self._total_bytes() > self._max_bytes:
                self._held.popitem(last=False)

    def _total_bytes(self) -> int:
        return sum(document.size_bytes for _, document in self._held.values())


def encoding_for(accepted: str) -> str:
    """The preferred encoding that a client accepts, by its `Accept-Encoding`; empty for none."""
    offered = {}
    for part in accepted.lower().split(","):
        name, _, quality = part.strip().partition(";")
        offered[name.strip()] = quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return next((name for name in ENCODINGS if offered.get(name)), "")


def _compressed(content: bytes, encoding: str) -> bytes:
    if encoding == "br":
        compressed = pa.Codec("brotli", compression_level=_BROTLI_LEVEL).compress(content, asbytes=True)
        return bytes(compressed)
    return gzip.compress(content, _GZIP_LEVEL, mtime=0)
