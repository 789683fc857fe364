"""A view whose frames can be checked: their times, the model's counts, and its boxes as the browser shows them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from frametally.analysis.view import View, picked
from frametally.audit.counted import Ints, checkable, found_in
from frametally.audit.population import unpacked
from frametally.audit.sampling import sample
from frametally.audit.seen import Group, groups_of
from frametally.errors import AuditError
from frametally.ledger.audits.planned import PlannedAudit
from frametally.rendering.playback.packed_boxes import corner_shares
from frametally.rendering.playback.sources import Source
from frametally.results import Boxes

MAX_MORE = 200
"""Frames that can be checked beyond the planned ones."""


@dataclass(frozen=True)
class AuditedView:
    """The analyzed and undamaged frames of a view that are in the stored video."""

    source: Source
    view: View

    @property
    def video(self) -> str:
        """What `PictureKey.video` says.

        Raises:
            AuditError: the video is not stored here, so that there is nothing to look at.
        """
        if self.source.video is None:
            raise AuditError("No copy of this video was kept, so its frames cannot be checked.")
        return self.source.video.sha256

    @cached_property
    def entries(self) -> Ints:
        """(N,) ascending; the first of each frame, which would otherwise be drawn and counted several times."""
        entries, frames = checkable(self.view), self.view.results.frame_index
        length = len(self.source.index) if self.source.index else 0
        inside = entries[(frames[entries] >= 0) & (frames[entries] < length)]
        return inside[np.sort(np.unique(frames[inside], return_index=True)[1])]

    @cached_property
    def times(self) -> Ints:
        """(N,) in the time base of the video; ascending, unless frame numbers contradict the times of the results."""
        if self.source.index is None:
            return np.empty(0, dtype=np.int64)
        return np.asarray(self.source.index.pts, dtype=np.int64)[self.view.results.frame_index[self.entries]]

    @cached_property
    def _by_time(self) -> Ints:
        return np.argsort(self.times, kind="stable")

    def places(self, times: Ints) -> Ints:
        """(n,) where the frames of these times are in `entries`; any place for those that are not there."""
        found = np.searchsorted(self.times, times, sorter=self._by_time)
        return self._by_time[np.minimum(found, len(self.times) - 1)]

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """What each class of the view merges."""
        return groups_of(self.view)

    @cached_property
    def found(self) -> Ints:
        """(N, c) boxes of each class in each of these frames."""
        return found_in(self.view, self.entries)

    @cached_property
    def _boxes(self) -> dict[int, Boxes]:
        return {}

    def boxes(self, entry: int) -> Boxes:
        """The boxes of the view in shares of the displayed picture; those that cannot be drawn are left out."""
        if entry not in self._boxes:
            boxes = self.view.chunk(entry, entry + 1).boxes
            size = np.repeat(self.view.table.image_wh[[entry]], len(boxes), axis=0)
            shares = corner_shares(boxes.xyxy, size, self.source.upright_wh, self.source.orientation)
            finite = np.flatnonzero(np.isfinite(shares).all(axis=1))
            kept = replace(boxes, xyxy=shares.astype(np.float32), entry=np.zeros(len(boxes), dtype=np.int32))
            self._boxes[entry] = picked(kept, finite)
        return self._boxes[entry]

    def counts(self, entry: int) -> Ints:
        """(c,) boxes of each class in one entry; quick where not all entries are of interest, as in `found`."""
        if entry not in self._counts:
            self._counts[entry] = self.view.chunk(entry, entry + 1).counts(len(self.view.names))[0]
        return self._counts[entry]

    @cached_property
    def _counts(self) -> dict[int, Ints]:
        return {}

    def confidences(self, entries: Ints) -> npt.NDArray[np.float64]:
        """Of all boxes of the classes of the view in these entries, whatever the threshold."""
        whole = replace(self.view, confidence=0.0)
        for entry in entries.tolist():
            if entry not in self._confidences:
                self._confidences[entry] = whole.chunk(entry, entry + 1).boxes.confidence
        return np.concatenate([np.empty(0), *(self._confidences[entry] for entry in entries.tolist())])

    @cached_property
    def _confidences(self) -> dict[int, npt.NDArray[np.float64]]:
        return {}

    def serves(self, audit: PlannedAudit) -> bool:
        """Whether every frame of the view could have been drawn, and one was: what was drawn is then a sample of it."""
        could_be = bool(len(self.times)) and bool(np.isin(self.times, unpacked(audit.population)).all())
        return could_be and self.drawn(audit)[1] > 0

    def drawn(self, audit: PlannedAudit) -> tuple[Ints, int]:
        """(n,) places of the drawn frames in `entries`, in the order of checking, and how many of them were planned."""
        population = unpacked(audit.population)
        wanted = min(audit.planned + MAX_MORE, len(population))
        order = sample(population, wanted, audit.seed)
        places = self.places(order)
        is_here = self.times[places] == order
        return places[is_here], int(np.count_nonzero(is_here[: audit.planned]))
