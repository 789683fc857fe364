"""`frametally evaluate RESULTS --truth FILE`: compare results with labels."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.placement import place_results
from frametally.analysis.view import View
from frametally.cli.environment import read_settings
from frametally.cli.exit_code import ExitCode
from frametally.cli.results.evaluation_tables import print_evaluation
from frametally.cli.results.output import writing
from frametally.cli.results.source import add_arguments, model_of, opened
from frametally.config.settings import Settings
from frametally.errors import EvaluationError, SettingsError
from frametally.evaluation.evaluation import Evaluation, evaluate
from frametally.evaluation.formats.numbering import Numbering
from frametally.evaluation.reading import FORMATS, read_truth
from frametally.evaluation.upright import Picture
from frametally.results import Results
from frametally.storage.atomic import write_bytes
from frametally.video.damage import find_damage
from frametally.video.displayed_frame import first_displayed
from frametally.video.frame_index import build_index


def add_parser(commands: Any) -> None:
    """Register the command."""
    parser = commands.add_parser("evaluate", help="compare results with labels of the video")
    add_arguments(parser)
    parser.add_argument(
        "--truth", type=Path, required=True, metavar="PATH", help="labels of the video: a file, or a folder"
    )
    parser.add_argument("--format", choices=FORMATS, help="the format of the labels (by ending and content)")
    parser.add_argument("--confidence", type=float, default=0.25, help="minimum confidence of what counts (0.25)")
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="MODEL=TRUTH",
        help="the model's class MODEL is the labels' class TRUTH; may be repeated",
    )
    parser.add_argument(
        "--first-frame", type=int, choices=(0, 1), help="the labels' number of the first frame (by the format's rule)"
    )
    parser.add_argument("--step", type=int, default=1, help="frames of the video between two numbers of the labels (1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers to this file")
    parser.add_argument(
        "--min-f1", type=float, metavar="F1", help="exit with 1 if F1 of all classes is lower than this, 0 to 1"
    )
    parser.set_defaults(execute=lambda options: evaluate_results(options, read_settings()))


def evaluate_results(options: argparse.Namespace, settings: Settings) -> int:
    """Print how the results compare with the labels, and return the exit code.

    Raises:
        FrametallyError: the results, the video, the labels or an option cannot be used.
    """
    classes = _checked(options)
    with opened(options.results, options.video, settings) as results:
        frames, picture = None, None
        if options.video is not None:
            results, frames = _with_damage(results, options.video)
            first = first_displayed(options.video)
            picture = Picture(first.analyzed_wh, first.orientation)
        truth = read_truth(options.truth, options.format, Numbering(options.first_frame, options.step, frames))
        view = View(results, model_of(results, options.model), options.confidence, classes)
        found = evaluate(view, truth, picture)
    if options.json is not None:
        with writing(options.json):
            write_bytes(options.json, msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    print_evaluation(found)
    return _exit_code(found, options.min_f1)


def _checked(options: argparse.Namespace) -> ClassMapping:
    """The names of classes that --map gives.

    Raises:
        SettingsError: an option is out of range.
    """
    if not 0 <= options.confidence <= 1 or not 0 <= (options.min_f1 or 0) <= 1:
        raise SettingsError("--confidence or --min-f1 is out of range.", "Use a number from 0 to 1.")
    if not 1 <= options.step <= 1_000_000:
        raise SettingsError(f"--step is {options.step}.", "Use a number of frames, 1 or more.")
    pairs = [text.split("=", 1) for text in options.map]
    if any(len(pair) != 2 or not all(pair) for pair in pairs):
        raise SettingsError("--map is not of the form MODEL=TRUTH.", "Use for example --map person=pedestrian.")
    return ClassMapping(tuple((name, other) for name, other in pairs))


def _with_damage(results: Results, video: Path) -> tuple[Results, int]:
    """The results with the damage of the video, and the number of its frames."""
    index = build_index(video)
    marked = place_results(results, index, find_damage(video, index))
    return replace(results, damaged=marked.damaged), len(index)


def _exit_code(found: Evaluation, min_f1: float | None) -> int:
    if min_f1 is None:
        return ExitCode.OK
    if found.boxes is None or found.boxes.all.f1 is None:
        raise EvaluationError("These labels give no F1.", "Omit --min-f1, or use labels with boxes.")
    if found.boxes.all.f1 >= min_f1:
        return ExitCode.OK
    print(f"F1 is {found.boxes.all.f1:.3f}, lower than {min_f1:g}.", file=sys.stderr)
    return ExitCode.BELOW_MINIMUM
