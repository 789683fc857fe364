"""What `frametally evaluate` prints; notes go to stderr."""

from __future__ import annotations

import sys

from frametally.cli.results.plain import plain
from frametally.evaluation.confusion import Confusion
from frametally.evaluation.evaluation import BoxScores, Evaluation
from frametally.evaluation.scores import Scores
from frametally.evaluation.worst import Difference, WorstSecond

_MAX_COLUMNS = 12
"""Of the confusion matrix."""
_MAX_OVER_TIME = 5
"""Classes of the table over time."""
_WORST = 10


def print_evaluation(found: Evaluation) -> None:
    """Print all tables."""
    for note in found.notes:
        print(plain(note), file=sys.stderr)
    frames = found.frames
    _line(
        f"{found.model}: {frames.compared} labeled frames compared ({found.labels}),"
        f" confidence >= {found.confidence:g}; {frames.unlabeled} analyzed frames without labels"
    )
    _print_counts(found)
    if found.boxes is not None:
        _print_scores(found.boxes)
        _print_thresholds(found.boxes)
        _print_confusion(found.boxes.confusion)
    _print_worst(found.worst)


def _print_counts(found: Evaluation) -> None:
    _line("\nCounts per frame")
    _line(f"  {'class':24} {'frames':>7} {'model':>8} {'labels':>8} {'bias':>8} {'MAE':>8}")
    for row in found.counts:
        _line(f"  {row.name:24} {row.frames:7d} {row.found:8.2f} {row.labeled:8.2f} {row.bias:+8.2f} {row.mae:8.2f}")
    if len(found.counts_over_time) > 1:
        _print_over_time(found)


def _print_over_time(found: Evaluation) -> None:
    named = {row.name for row in sorted(found.counts, key=lambda row: -row.mae)[:_MAX_OVER_TIME]}
    more = f", the {_MAX_OVER_TIME} classes with the largest MAE" if len(found.counts) > len(named) else ""
    _line(f"\nCounts over time{more}")
    _line(f"  {'from':>9} {'to':>9}  {'class':24} {'frames':>7} {'bias':>8} {'MAE':>8}")
    for stretch in found.counts_over_time:
        for row in (one for one in stretch.errors if one.name in named):
            span = f"{_clock(stretch.start_s):>9} {_clock(stretch.stop_s):>9}"
            _line(f"  {span}  {row.name:24} {row.frames:7d} {row.bias:+8.2f} {row.mae:8.2f}")


def _print_scores(boxes: BoxScores) -> None:
    _line("\nBoxes (IoU >= 0.5)")
    head = f"{'right':>7} {'wrong':>7} {'missed':>7} {'precision':>10} {'recall':>8} {'F1':>8}"
    _line(f"  {'class':24} {head} {'AP50':>8} {'AP50-95':>8}")
    for row in boxes.classes:
        _line(f"  {row.name:24} {_cells(row.scores)} {_share(row.ap50):>8} {_share(row.ap50_95):>8}")
    _line(f"  {'all':24} {_cells(boxes.all)} {_share(boxes.map50):>8} {_share(boxes.map50_95):>8}")


def _print_thresholds(boxes: BoxScores) -> None:
    _line("\nBy confidence")
    _line(f"  {'at least':>8} {'precision':>10} {'recall':>8} {'F1':>8}")
    for row in boxes.by_threshold:
        _line(f"  {row.threshold:8.2f} {_share(row.precision):>10} {_share(row.recall):>8} {_share(row.f1):>8}")
    if boxes.best is not None:
        _line(f"  The highest F1 is {_share(boxes.best.f1)}, at a confidence of {boxes.best.threshold:.2f}.")


def _print_confusion(matrix: Confusion | None) -> None:
    if matrix is None or not matrix.found:
        return
    if len(matrix.found) > _MAX_COLUMNS:
        _line(f"\nConfusion: {len(matrix.found)} classes, more than fit here; --json has them all.")
        return
    _line("\nConfusion (rows: labels, columns: model)")
    _line("  " + " ".join([f"{'':24}", *(f"{name[:12]:>12}" for name in [*matrix.found, "missed"])]))
    for name, counts in zip([*matrix.labeled, "nothing there"], matrix.counts, strict=True):
        _line("  " + " ".join([f"{name[:24]:24}", *(f"{count:12d}" for count in counts)]))


def _print_worst(worst: list[WorstSecond]) -> None:
    if not worst:
        _line("\nModel and labels do not differ in any compared frame.")
        return
    _line("\nThe worst seconds")
    _line(f"  {'time':>9} {'frame':>8} {'errors/frame':>13}  what differs in this frame")
    for second in worst[:_WORST]:
        what = "; ".join(_difference(one) for one in second.differences)
        _line(f"  {_clock(second.time_s):>9} {second.frame_index:8d} {second.errors_per_frame:13.2f}  {what}")


def _line(text: str) -> None:
    """Print a line, with names as plain text."""
    print("\n" * text.startswith("\n") + plain(text.removeprefix("\n")))


def _difference(one: Difference) -> str:
    parts = [f"{one.missing} missed"] if one.missing else []
    parts += [f"{one.extra} too many"] if one.extra else []
    return f"{one.name}: {', '.join(parts)}"


def _cells(row: Scores) -> str:
    shares = f"{_share(row.precision):>10} {_share(row.recall):>8} {_share(row.f1):>8}"
    return f"{row.right:7d} {row.wrong:7d} {row.missed:7d} {shares}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _clock(time_s: float) -> str:
    minutes, tenths = divmod(round(time_s * 10), 600)
    return f"{minutes}:{tenths / 10:04.1f}"
