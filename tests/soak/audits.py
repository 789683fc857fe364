"""How often the intervals of audits hold the truth: `python -m tests.soak.audits [--audits 2000] [--sizes 20 40 80]`.

Audits of the sample's model and of models made worse, each with its own sample, for each class and all of them. A cell
is one number (mean count, total, presence, precision, recall, F1) of one class of one model at one size.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np
from msgspec import Struct

from frametally.audit import Checks, f1, mean_count, precision, presence, recall, sample, total
from frametally.audit.intervals import Interval, of_mean
from frametally.audit.nearer import Side, nearer
from frametally.audit.parts import part_edges, part_of
from frametally.audit.sequential import of_mean_at_any_time
from tests.support.audited_sample import WORSE, Audited, audited, model_results

NUMBERS: Final[dict[str, Callable[[Checks], object]]] = {
    "mean": mean_count,
    "total": total,
    "presence": presence,
    "precision": precision,
    "recall": recall,
    "f1": f1,
}
_TOLERANCE: Final = 1e-9


class Cell(Struct, frozen=True):
    """How the intervals of one number did."""

    model: str
    number: str
    column: int
    held: float
    """Share of the intervals that hold the truth."""
    too_few: float
    """Share of the audits that say nothing."""


def cells(side: Audited, model: str, size: int, audits: int, numbers: Sequence[str] = tuple(NUMBERS)) -> list[Cell]:
    """All numbers of one model at one size."""
    samples = [sample(side.everything, size, seed) for seed in range(audits)]
    return [_cell(side, samples, model, number, column) for number in numbers for column in range(side.true.shape[1])]


def _cell(side: Audited, samples: list[np.ndarray], model: str, number: str, column: int) -> Cell:
    of = NUMBERS[number]
    (truth, _) = _interval(of(side.checks(side.everything, column))) or (0.0, 0.0)
    intervals = [_interval(of(side.checks(entries, column))) for entries in samples]
    known = [interval for interval in intervals if interval]
    held = [low - _TOLERANCE <= truth <= high + _TOLERANCE for low, high in known]
    return Cell(model, number, column, sum(held) / max(len(held), 1), 1 - len(known) / len(intervals))


def _interval(found: object) -> Interval | None:
    return getattr(found, "interval", None)


def width_ratio(side: Audited, size: int, audits: int) -> float:
    """How wide the interval of the mean is, as a share of that of the labels alone; all classes together."""
    ours, alone = [], []
    for seed in range(audits):
        checks = side.checks(sample(side.everything, size, seed), -1)
        found = mean_count(checks)
        assert found
        low, high = of_mean(checks.true.astype(np.float64), checks.share_left)
        ours.append(found.interval.high - found.interval.low)
        alone.append(high - low)
    return float(np.mean(ours) / np.mean(alone))


def held_after_looking(side: Audited, audits: int, target: float) -> tuple[float, float]:
    """Shares of the usual and of the sequential interval that hold the truth, each extended until it is narrow."""
    bias = float((side.true - side.found)[:, -1].mean())
    held = [0, 0]
    for seed in range(audits):
        order = sample(side.everything, 80, seed)
        for at, is_sequential in enumerate((False, True)):
            for size in range(10, 81, 5):
                checks = side.checks(order[:size], -1)
                values = (checks.true - checks.found).astype(np.float64)
                low, high = of_mean_at_any_time(values, 40) if is_sequential else of_mean(values, checks.share_left)
                if high - low <= target:
                    break
            held[at] += low <= bias <= high
    return held[0] / audits, held[1] / audits


def held_in_parts(side: Audited, size: int, audits: int) -> list[float]:
    """Shares of the intervals of the mean that hold the truth, of each part of the time range and each class."""
    time_s = side.everything.astype(np.float64)
    held: dict[tuple[int, int, int], list[bool]] = {}
    for seed in range(audits):
        entries = np.sort(sample(side.everything, size, seed))
        edges = part_edges(time_s[entries], time_s, 0.0, float(len(time_s)))
        part, part_of_all = part_of(time_s[entries], edges), part_of(time_s, edges)
        for at in range(len(edges) - 1):
            inside = np.flatnonzero(part_of_all == at)
            of_part = Audited(side.found[inside], side.true[inside], side.matched[inside])
            for column in range(side.true.shape[1]):
                found = mean_count(of_part.checks(entries[part == at] - inside[0], column))
                assert found
                truth = float(of_part.true[:, column].mean())
                is_held = found.interval.low - _TOLERANCE <= truth <= found.interval.high + _TOLERANCE
                held.setdefault((len(edges), at, column), []).append(is_held)
    return [float(np.mean(some)) for some in held.values() if len(some) >= audits / 4]


def compared(one: Audited, other: Audited, size: int, audits: int) -> tuple[float, float]:
    """Shares of the paired intervals that hold the true difference of errors, and of audits that name the wrong one."""
    errors, others = (np.abs(side.found - side.true)[:, :-1].sum(axis=1).mean() for side in (one, other))
    truth, held, wrong = float(others - errors), 0, 0
    for seed in range(audits):
        at = sample(one.everything, size, seed)
        found = nearer(one.true[at, :-1], one.found[at, :-1], other.found[at, :-1], frames=len(one.true))
        assert found
        assert found.difference
        held += found.difference.low - _TOLERANCE <= truth <= found.difference.high + _TOLERANCE
        wrong += (found.nearer is Side.ONE and truth <= 0) or (found.nearer is Side.OTHER and truth >= 0)
    return held / audits, wrong / audits


LEAST_HELD: Final = 0.92
"""At 20 frames; at more, 0.93."""
LEAST_HELD_ON_AVERAGE: Final = 0.94


def main() -> int:
    """Print the figures; returns 1 if an interval holds the truth less often than it says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audits", type=int, default=2000)
    parser.add_argument("--sizes", type=int, nargs="+", default=[20, 40, 80])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results = model_results(folder)
        sides = {worse.__name__: audited(results, folder, worse) for worse in WORSE}
    is_held = True
    for size in options.sizes:
        found = [cell for model, side in sides.items() for cell in cells(side, model, size, options.audits)]
        is_held &= _is_held(found, size)
    for model, side in sides.items():
        print(f"figure audit_width_ratio_40_{model} {width_ratio(side, 40, options.audits // 10):.3f}")
    usual, sequential = held_after_looking(sides["unchanged"], options.audits, 1.0)
    print(f"figure audit_held_after_looking_usual {usual:.3f}")
    print(f"figure audit_held_after_looking_sequential {sequential:.3f}")
    for model, side in sides.items():
        in_parts = held_in_parts(side, 40, options.audits // 10)
        print(f"figure audit_held_in_parts_40_{model} {np.mean(in_parts):.4f} least {min(in_parts):.4f}")
        is_held &= float(np.mean(in_parts)) >= LEAST_HELD_ON_AVERAGE
    for one, other in combinations(sides, 2):
        held, wrong = compared(sides[one], sides[other], 40, options.audits // 10)
        print(f"figure audit_compared_40_{one}_{other} {held:.4f} wrongly named {wrong:.4f}")
        is_held &= wrong <= 1 - LEAST_HELD_ON_AVERAGE
    return 0 if is_held else 1


def _is_held(found: list[Cell], size: int) -> bool:
    for number in NUMBERS:
        of_number = [cell for cell in found if cell.number == number]
        least = min(of_number, key=lambda cell: cell.held)
        print(
            f"{size} frames, {number}: mean {np.mean([cell.held for cell in of_number]):.3f}, least {least.held:.3f} "
            f"({least.model}, column {least.column}), too few {max(cell.too_few for cell in of_number):.3f}"
        )
    average, lowest = float(np.mean([cell.held for cell in found])), min(cell.held for cell in found)
    print(f"figure audit_held_{size}_mean {average:.4f}")
    print(f"figure audit_held_{size}_least {lowest:.4f}")
    return average >= LEAST_HELD_ON_AVERAGE and lowest >= LEAST_HELD + (0.01 if size > 20 else 0)


if __name__ == "__main__":
    sys.exit(main())
