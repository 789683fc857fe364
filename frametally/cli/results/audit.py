"""`frametally audit RESULTS --plan N --out FILE` and `--checks FILE`: counts with an error bar from checked frames."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import numpy as np

from frametally.analysis.view import View
from frametally.audit import Checks, Estimate, mean_count, presence, sample, total
from frametally.audit.counted import Ints, checkable, found_in
from frametally.audit.estimates import MIN_FRAMES, more_to_halve
from frametally.cli.environment import read_settings
from frametally.cli.exit_code import ExitCode
from frametally.cli.results.output import writing
from frametally.cli.results.plain import plain
from frametally.cli.results.source import add_arguments, model_of, opened
from frametally.config.settings import Settings
from frametally.errors import ResultsError, SettingsError
from frametally.exports.count_sheet import CountSheet, read_sheet, write_sheet
from frametally.exports.labelling import write_labelling
from frametally.video.frame_index import build_index
from frametally.video.frame_reader import FrameReader

_MAX_SEED: Final = 2**31
_ALL: Final = "all classes"


def add_parser(commands: Any) -> None:
    """Register the command."""
    parser = commands.add_parser("audit", help="check a sample of frames by eye, for counts with an error bar")
    add_arguments(parser)
    parser.add_argument("--confidence", type=float, default=0.25, help="minimum confidence (0.25)")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--plan", type=int, metavar="FRAMES", help="draw so many frames, and write a sheet for them")
    what.add_argument("--checks", type=Path, metavar="FILE", help="the sheet, with the counts that you see written in")
    parser.add_argument("--seed", type=int, default=1, help="another number draws another sample (1)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="with --plan: write the sheet to this CSV file")
    parser.add_argument(
        "--pictures", type=Path, metavar="FILE", help="with --plan and --video: write the frames to this ZIP file"
    )
    parser.set_defaults(execute=lambda options: audit(options, read_settings()))


def audit(options: argparse.Namespace, settings: Settings) -> int:
    """Write a sheet, or print what its counts say; returns the exit code.

    Raises:
        FrametallyError: the results, the sheet or an option cannot be used.
    """
    _check(options)
    with opened(options.results, options.video, settings) as results:
        view = View(results, model_of(results, options.model), options.confidence)
        entries = checkable(view)
        if not len(entries):
            raise ResultsError("No frame of these results was analyzed.", "Use results of another job.")
        if options.plan:
            _plan(options, view, sample(entries, options.plan, options.seed))
        else:
            _report(view, entries, read_sheet(view, options.checks))
    return ExitCode.OK


def _check(options: argparse.Namespace) -> None:
    if not 0 <= options.confidence <= 1:
        raise SettingsError(f"--confidence is {options.confidence}.", "Use a number from 0 to 1.")
    if options.plan is not None and (options.plan < MIN_FRAMES or options.out is None):
        raise SettingsError("--plan needs a number of frames and --out.", f"Use at least {MIN_FRAMES} frames.")
    if options.out is not None and options.out.exists():
        raise SettingsError(f"{options.out.name} exists already.", "Choose another name, so that no counts are lost.")
    if not 0 <= options.seed < _MAX_SEED:
        raise SettingsError(f"--seed is {options.seed}.", f"Use a number from 0 to {_MAX_SEED - 1}.")
    if options.pictures and not (options.plan and options.video):
        raise SettingsError("--pictures needs --plan and --video.", "Name the video.")


def _plan(options: argparse.Namespace, view: View, entries: Ints) -> None:
    with writing(options.out):
        write_sheet(view, entries, options.seed, options.out)
    print(f"{len(entries)} of {view.analyzed_entries} analyzed frames to check, in {options.out.name}.")
    print("Write how many objects of each class you see; leave a cell empty where you cannot tell.")
    if options.pictures:
        reading = closing(FrameReader(options.video, build_index(options.video)))
        with reading as reader, writing(options.pictures):
            write_labelling(view, entries.tolist(), reader, options.pictures, options.video.name)


def _report(view: View, entries: Ints, sheet: CountSheet) -> None:
    planned = np.sort(sample(entries, len(sheet.frames), sheet.seed))
    order = np.argsort(sheet.frames)
    if view.results.frame_index[planned].tolist() != sheet.frames[order].tolist():
        raise ResultsError(
            "The sheet has other frames than were drawn for these results, so that no interval would hold.",
            "Use the sheet as it was written, with the results and the model that it was written for.",
        )
    places = np.searchsorted(entries, planned)
    found = found_in(view, entries)
    print(f"  {'class':24} {'model':>8} {'corrected':>10} {'95 % interval':>18} {'in all frames':>22} {'present':>20}")
    for column, name in enumerate(view.names):
        _print(plain(name), found[:, column], places, sheet.counts[order, column])
    _print(_ALL, found.sum(axis=1), places, sheet.counts[order].sum(axis=1))


def _print(name: str, found: Ints, places: Ints, counts: np.ndarray[Any, np.dtype[np.float64]]) -> None:
    is_known = np.isfinite(counts)
    checks = Checks(found, found[places[is_known]], counts[is_known].astype(np.int64))
    mean, everything, present = mean_count(checks), total(checks), presence(checks)
    if mean is None or everything is None or present is None:
        print(f"  {name:24} {found.mean():8.2f} {'too few checked frames to say':>29}")
    else:
        print(
            f"  {name:24} {mean.model:8.2f} {mean.corrected:10.2f} {_range(mean, '.2f'):>18} "
            f"{_range(everything, ',.0f'):>22} {_range(present, '.0%'):>20}"
        )
    if unknown := int((~is_known).sum()):
        print(f"{name}: {unknown} of {len(counts)} drawn frames were not checked; they may differ.", file=sys.stderr)
    if name == _ALL and mean is not None and (more := more_to_halve(checks)):
        print(f"{more} more frames would make the intervals half as wide.")


def _range(estimate: Estimate, form: str) -> str:
    return f"{estimate.interval.low:{form}} to {estimate.interval.high:{form}}"
