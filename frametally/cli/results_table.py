"""What `frametally run` prints: counts of boxes, probabilities of classes, and what could not be read."""

from __future__ import annotations

import sys

from frametally.analysis.scores import score_totals
from frametally.analysis.totals import totals
from frametally.analysis.view import View
from frametally.results import Kind, ModelTable, Results


def print_results(results: Results, confidence: float) -> None:
    """Print a table for each model; notes, and the reason if nothing can be read, go to stderr."""
    for name in results.unknown_keys:
        print(f"{name}: results of this type cannot be read; --out writes them to a file.", file=sys.stderr)
    for note in results.notes:
        print(note, file=sys.stderr)
    if not len(results.time_s):
        print("The results contain no frames.", file=sys.stderr)
    elif not results.models:
        print("The results contain no model that can be read.", file=sys.stderr)
    for model, part in results.models.items():
        analyzed, planned = int(part.analyzed.sum()), len(part.analyzed)
        damaged = f", {broken} frames damaged" if (broken := int(results.damaged.sum())) else ""
        print(f"{model}: {analyzed} of {planned} frames analyzed{damaged}{_threshold(part, confidence)}")
        if not part.analyzed.any():
            print(f"{model}: {_why_nothing(part)}", file=sys.stderr)
        elif part.kind.has_boxes:
            _print_counts(View(results, model, confidence))
        elif part.kind is not Kind.CLIP:
            _print_scores(View(results, model))


def _threshold(part: ModelTable, confidence: float) -> str:
    return f", confidence >= {confidence:g}" if part.kind.has_boxes else f", {part.kind}"


def _why_nothing(part: ModelTable) -> str:
    if part.mismatched:
        return f"nothing can be read: {part.mismatched} frames have results of another type."
    return "nothing was analyzed: the service returned no result for any frame."


def _print_counts(view: View) -> None:
    print(f"  {'class':24} {'mean':>8} {'peak':>6} {'present':>8}")
    for row in totals(view):
        if row.mean is not None and row.peak is not None and row.present is not None:
            print(f"  {row.class_name:24} {row.mean:8.2f} {row.peak:6d} {row.present:8.0%}")


def _print_scores(view: View) -> None:
    what = "area" if view.table.kind is Kind.SEMANTIC else "probability"
    print(f"  {'class':24} {'mean ' + what:>16} {'highest':>8} {'largest in':>10}")
    for row in score_totals(view):
        print(f"  {row.class_name:24} {row.mean:16.1%} {row.highest:8.1%} {row.top:10.0%}")
