"""The range of a model's confidences, which shows whether they are percentages."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.results.spellings.notes import Issue, Notes

PERCENT_PEAK: Final = 20.0
"""Confidences are percentages only if the highest is above this: scores that were never limited to 1 are lower."""
Floats = npt.NDArray[np.float64]


class ConfidenceRange:
    """Collects the range of the confidences; divides them by 100 if they are known to be percentages."""

    def __init__(self, is_percent: bool = False) -> None:
        self._is_percent = is_percent
        self._lowest, self._highest = np.inf, -np.inf
        """Of the confidences that are not 0, which is the same in percent; below 1 the lowest is an upper bound."""
        self._outside: dict[str, list[int]] = {}

    def add(self, entry: npt.NDArray[np.int32], confidence: Floats) -> Floats:
        """Take note of (b,) confidences and their entries; returns them as shares."""
        if not len(confidence):
            return confidence
        low, high = float(confidence.min()), float(confidence.max())
        if not (low >= 0 and high <= 1) or self._highest > 1:
            self._add_unusual(entry, confidence)
        else:
            self._lowest, self._highest = min(self._lowest, high or np.inf), max(self._highest, high)
        return self.share(confidence)

    def share(self, confidence: Floats) -> Floats:
        """The confidences from 0 to 1."""
        return confidence / 100 if self._is_percent else confidence

    @property
    def full(self) -> float:
        """The confidence of a detection that has none, before it is divided."""
        return 100.0 if self._is_percent else 1.0

    @property
    def looks_like_percent(self) -> bool:
        """Whether they certainly are percentages: all are 0, or 1 to 100, the highest above 20."""
        return not self._is_percent and self._lowest >= 1 and PERCENT_PEAK < self._highest <= 100

    def note(self, notes: Notes) -> None:
        """Note that they are percentages, or the first that is outside of 0 to 1."""
        if self._is_percent:
            notes.add_whole("confidence", "is in percent in all frames and was divided by 100")
            return
        for problem, entries in self._outside.items():
            for one in entries:
                notes.add(one, Issue("confidence", problem))

    def _add_unusual(self, entry: npt.NDArray[np.int32], confidence: Floats) -> None:
        finite = confidence[np.isfinite(confidence)]
        self._lowest = min(self._lowest, float(finite.min(where=finite != 0, initial=np.inf)))
        self._highest = max(self._highest, float(finite.max(initial=-np.inf)))
        outside = {
            "is above 1 and counts as 1": confidence > 1,
            "is below 0 and is not counted": confidence < 0,
            "is not a number and is not counted": np.isnan(confidence),
        }
        for problem, where in outside.items():
            if where.any():
                self._outside.setdefault(problem, []).extend(np.unique(entry[where]).tolist())
