"""What was checked, beside what the model found, as parallel arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Checks:
    """The counts of one class, or of several classes together.

    Raises:
        ValueError: the arrays do not fit each other.
    """

    all_found: Ints
    """(N,) what the model found in each frame that could be checked: those that were analyzed, and are not damaged."""
    found: Ints
    """(n,) what the model found in each checked frame."""
    true: Ints
    """(n,) what is there."""
    matched: Ints | None = None
    """(n,) how many of `found` are right; None where only numbers were typed."""

    def __post_init__(self) -> None:
        shapes = {self.found.shape, self.true.shape, self.found.shape if self.matched is None else self.matched.shape}
        if len(shapes) != 1 or len(self.found) > len(self.all_found):
            raise ValueError("shapes")
        if self.matched is not None and (self.matched > np.minimum(self.found, self.true)).any():
            raise ValueError("more matches than boxes")

    @property
    def frames(self) -> int:
        """How many frames were checked."""
        return len(self.found)

    @property
    def share_left(self) -> float:
        """The share of frames that was not checked: the finite population correction of a variance."""
        return 1 - len(self.found) / len(self.all_found)
