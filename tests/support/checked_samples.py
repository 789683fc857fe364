"""Samples of frames in which a known number of objects was seen, without a ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from frametally.analysis.view import View
from frametally.audit.population import packed
from frametally.audit.sampling import sample
from frametally.audit.seen import Seen, SeenCount
from frametally.ledger.audits.frame_checks import FrameCheck
from frametally.ledger.audits.planned import PlannedAudit
from frametally.rendering.audits.audited_view import AuditedView
from frametally.rendering.audits.counted_sample import CountedSample
from frametally.rendering.playback.sources import Source
from frametally.video.frame_index import FrameIndex, build_index
from tests.support.numbered_videos import write_numbered

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SEED = 2


def numbered_index(folder: Path, frames: int) -> FrameIndex:
    """Of a video with so many frames."""
    return build_index(write_numbered(folder / "clip.mp4", frames))


def audited_view(view: View, index: FrameIndex) -> AuditedView:
    return AuditedView(Source(view=view, video=None, index=index), view)


def checked_sample(view: AuditedView, planned: int, checks: int, checker: str = "") -> CountedSample:
    """So many of the drawn frames were checked: each class has as many objects as the place of the frame modulo 7."""
    audit = PlannedAudit(
        id="a", video="v", population=packed(view.times), settings="{}", seed=SEED, planned=planned, created_at=NOW
    )
    times = sample(view.times, checks, SEED).tolist()
    return CountedSample(view, audit, [_check(time, _seen(view, time), checker) for time in times])


def _check(time: int, seen: Seen, checker: str) -> FrameCheck:
    return FrameCheck(video="v", time=time, checker=checker, seen=seen.to_json(), begun_at=NOW, checked_at=NOW)


def _seen(view: AuditedView, time: int) -> Seen:
    place = int(np.searchsorted(view.times, time))
    return Seen(view.groups, counts=tuple(SeenCount(at, place % 7) for at in range(len(view.groups))))
