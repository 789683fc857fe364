"""The links that are being read: the ledger is asked for each a few times a second, however many read it.

So within a moment after a link was ended, or its job was deleted, it is refused by every process.
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool

from frametally.errors import FrametallyError
from frametally.ledger.shares import Share, digest_of, jobs_of_share, share_with_token
from frametally.library.copies.report import copy_path
from frametally.network.routes import HttpError
from frametally.reports.document.page import Preview
from frametally.reports.request import BriefRequest
from frametally.reports.shares.kept_brief import FILES_NAME, KeptBrief, read_brief, stamp_of
from frametally.reports.shares.served_brief import Documents, Served, serve
from frametally.reports.shares.shares import SHARED_PREFIX, Shares
from frametally.storage.cached_files import fetched

FRESH_S: Final = 0.2
KEEP_UP_EVERY_S: Final = 60.0
_ABOVE: Final = "/frametally"
_MAX_TOKEN_CHARS: Final = 128
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class OpenShare:
    """A link that may be served now."""

    share: Share
    document: Served


class OpenShares:
    """Answers which link a token belongs to. `find` is called in one event loop; the rest from any thread."""

    def __init__(
        self,
        shares: Shares,
        *,
        plotly_url: str,
        public_url: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`plotly_url`: without the base path. `public_url`: of this server, for the picture in previews."""
        self.shares = shares
        self._plotly_url = f"..{plotly_url.removeprefix(_ABOVE)}"  # relative to the link: there may be a base path
        self._public_url = public_url
        self._clock = clock
        self._documents = Documents()
        self._known: OrderedDict[str, tuple[float, OpenShare]] = OrderedDict()
        """Until when each counts, in this order."""
        self._asked: dict[str, asyncio.Task[OpenShare | None]] = {}
        self._builder = ThreadPoolExecutor(1, thread_name_prefix="share builder")
        self._kept_up_s: dict[str, float] = {}
        """When it was last done; infinite while it waits or runs."""
        self._lock = threading.Lock()

    async def find(self, token: str) -> OpenShare | None:
        """The share of this token; None if there is none that may be served.

        Raises:
            HttpError: its brief is made again.
        """
        if len(token) > _MAX_TOKEN_CHARS:
            return None
        key = digest_of(token)
        until_s, known = self._known.get(key, (0.0, None))
        if known is not None and self._clock() < until_s:
            return known
        task = self._asked.get(key)
        if task is None:
            task = self._asked[key] = asyncio.ensure_future(self._ask(key, token))
            task.add_done_callback(lambda _: self._asked.pop(key, None))
        return await asyncio.shield(task)  # a reader who leaves must not cancel the others

    def video_path(self, share: Share) -> Path | None:
        """The kept video of a share that includes it, or its copy that every browser plays.

        Never beside blurred pictures, whatever the ledger says.
        """
        if not share.has_video or BriefRequest.from_json(share.request).blurs:
            return None
        validity = self.shares.validity
        jobs = jobs_of_share(validity.ledger, share.id).jobs
        video = validity.library.get(jobs[0].video_sha256 or "") if len(jobs) == 1 else None
        if video is None:
            return None
        copy = fetched(copy_path(video.place), is_optional=True)
        return copy if copy.exists() else video.path

    def close(self) -> None:
        """Write the counted views, and stop making briefs."""
        self.shares.views.flush()
        self._builder.shutdown(wait=False, cancel_futures=True)

    async def _ask(self, key: str, token: str) -> OpenShare | None:
        found = await run_in_threadpool(self._open, token)
        now_s = self._clock()
        self._known.pop(key, None)
        while self._known and next(iter(self._known.values()))[0] <= now_s:  # `Documents` decides what stays in memory
            self._known.popitem(last=False)
        if found:
            self._known[key] = now_s + FRESH_S, found
        return found

    def _open(self, token: str) -> OpenShare | None:
        share = share_with_token(self.shares.validity.ledger, token)
        if share is None or not self.shares.is_valid(share):
            return None
        if share.follows:
            self._keep_up(share)
        document = self._document(share, token)
        if document is None:  # a later version reads no brief of this one, or a backup had none
            self._keep_up(share)
            raise HttpError(503, "This view is being prepared.", "Reload the page in a minute.")
        return OpenShare(share=share, document=document)

    def _document(self, share: Share, token: str) -> Served | None:
        folder = self.shares.folder / share.id
        stamp = stamp_of(folder)
        if stamp is None:
            return None
        document = self._documents.get(share.id, stamp)
        if document is None and (kept := read_brief(folder)):
            preview = self._preview(share, kept, token)
            has_video = self.video_path(share) is not None
            document = serve(kept, token=token, plotly_url=self._plotly_url, preview=preview, has_video=has_video)
            self._documents.put(share.id, stamp, document)
        return document

    def _preview(self, share: Share, kept: KeptBrief, token: str) -> Preview:
        if not share.shows_preview:
            return Preview(NEUTRAL_TITLE)
        cover = kept.kept_as.get(kept.brief.cover, "")
        has_address = self._public_url and cover
        picture = f"{self._public_url}{SHARED_PREFIX}{token}/{FILES_NAME}/{cover}" if has_address else ""
        return Preview(kept.brief.title, kept.brief.description, picture)

    def _keep_up(self, share: Share) -> None:
        """Have the brief made again, if that is due; this request gets the one that there is."""
        with self._lock:
            if self._clock() - self._kept_up_s.get(share.id, -math.inf) < KEEP_UP_EVERY_S:
                return
            self._kept_up_s[share.id] = math.inf
        try:
            self._builder.submit(self._build, share)
        except RuntimeError:  # the server is being stopped
            return

    def _build(self, share: Share) -> None:
        try:
            self.shares.keep_up(share)
        except FrametallyError as error:
            _LOG.warning("The brief of a link cannot be made again: %s", error)
        except Exception:
            _LOG.exception("The brief of a link cannot be made again")
        finally:
            self._kept_up_s[share.id] = self._clock()


NEUTRAL_TITLE: Final = "Shared view"
