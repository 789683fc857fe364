"""Videos in the library of a test: what is found out about a file is found out once in each process."""

from __future__ import annotations

from pathlib import Path

from frametally.library.damage_scanner import DamageScanner
from frametally.library.library import Library
from frametally.library.video_store import StoredVideo
from frametally.storage.digests import sha256_of

_KEPT: dict[str, dict[str, bytes]] = {}
"""The files in the folder of a stored video, by its sha256."""


def stored_with_damage(library: Library, video: Path) -> StoredVideo:
    """Store a video as `Library.add` does, with the result of the search for damage that its first display would start.

    The folder of a video that an earlier test has stored is copied.
    """
    sha256 = sha256_of(video)
    if sha256 in _KEPT and library.get(sha256) is None:
        folder = library.videos.folder / sha256
        folder.mkdir()
        for name, content in _KEPT[sha256].items():
            (folder / name).write_bytes(content)
    stored = library.add(video, actor=None)
    if sha256 not in _KEPT:
        DamageScanner().damage(stored, at_once=True)
        _KEPT[sha256] = {path.name: path.read_bytes() for path in stored.path.parent.iterdir()}
    return stored
