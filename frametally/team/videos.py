"""Videos that people add to the library, or remove from it; those of the uploader are checked by its routes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from frametally.access.permissions import Action, require
from frametally.access.person import Person, actor_of, id_of
from frametally.ledger.ledger import Ledger
from frametally.ledger.people import log_access
from frametally.library import conversion, removal
from frametally.library.library import Library
from frametally.library.video_store import StoredVideo
from frametally.network.download import download

_MAX_JOBS: Final = 100_000


def load_video(
    library: Library,
    url: str,
    name: str,
    on_progress: Callable[[int, int | None], None],
    *,
    max_bytes: int,
    private_urls: bool,
    actor: Person | None,
) -> StoredVideo:
    """Download a video and store it; see `download` for the arguments and errors.

    Raises:
        AccessDenied: the person may not add videos.
    """
    require(actor, Action.ADD_VIDEO)
    with library.uploads.scratch() as folder:
        path = folder / "video"
        download(url, path, max_bytes=max_bytes, private_urls=private_urls, on_progress=on_progress)
        return library.add(path, name, actor=id_of(actor))


def convert_to_mp4(
    library: Library, video: StoredVideo, on_progress: Callable[[float], object], *, actor: Person | None
) -> StoredVideo:
    """Store the frames of a video in an MP4 file; see `conversion.convert_to_mp4` for the errors.

    Raises:
        AccessDenied: the person may not add videos.
    """
    require(actor, Action.ADD_VIDEO)
    return conversion.convert_to_mp4(library, video, on_progress, actor=id_of(actor))


def remove_video(library: Library, ledger: Ledger, sha256: str, *, actor: Person | None) -> None:
    """Remove a stored video; see `removal.remove_video` for the errors.

    It belongs to the people whose jobs use it; one that no job uses to no person.

    Raises:
        AccessDenied: the person may not remove it.
    """
    owners = {job.owner for job in ledger.seen_by(None).jobs(video_sha256=sha256, limit=_MAX_JOBS)}
    require(actor, Action.REMOVE_VIDEO, *(owners or {None}))
    removal.remove_video(library, ledger, sha256, actor=id_of(actor))
    if actor is not None and actor.id is not None:
        log_access(ledger, "Removed a stored video.", actor=actor_of(actor))
