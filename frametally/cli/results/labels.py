"""`frametally labels RESULTS --video V --format coco|yolo --checked|--least-sure N --out PATH`: frames as a dataset."""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path
from typing import Any

from frametally.analysis.view import View
from frametally.cli.environment import read_settings
from frametally.cli.exit_code import ExitCode
from frametally.cli.progress_bar import share_progress
from frametally.cli.results.output import writing
from frametally.cli.results.plain import plain
from frametally.cli.results.source import add_arguments, model_of, opened
from frametally.clock import utc_now
from frametally.config.settings import Settings
from frametally.errors import SettingsError
from frametally.exports.datasets.checked import checked_frames
from frametally.exports.datasets.dataset import MAX_FRAMES, write_dataset
from frametally.exports.datasets.least_sure import least_sure_frames
from frametally.exports.datasets.readme import Origin
from frametally.exports.datasets.selection import Selection
from frametally.ledger.audits.frame_checks import FrameCheck, checks_of
from frametally.ledger.ledger import Ledger
from frametally.storage.digests import sha256_of
from frametally.storage.file_names import clean_file_name
from frametally.video.frame_index import FrameIndex, build_index
from frametally.video.frame_reader import FrameReader


def add_parser(commands: Any) -> None:
    """Register the command."""
    parser = commands.add_parser("labels", help="write frames with boxes as a dataset for labeling tools")
    add_arguments(parser)
    parser.add_argument("--confidence", type=float, default=0.25, help="minimum confidence (0.25)")
    parser.add_argument("--format", choices=("coco", "yolo"), default="coco", help="the form of the files (coco)")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--checked", action="store_true", help="the frames that people have checked in the tab Audit")
    which.add_argument("--least-sure", type=int, metavar="N", help="N frames of which the model is least sure")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="PATH", help="write this ZIP file, or this new folder"
    )
    parser.set_defaults(execute=lambda options: write_labels(options, read_settings()))


def write_labels(options: argparse.Namespace, settings: Settings) -> int:
    """Write the dataset, print how many frames it has and return the exit code.

    Raises:
        FrametallyError: the results, the video or an option cannot be used, or there are no such frames.
    """
    _check(options)
    with opened(options.results, options.video, settings) as results:
        view = View(results, model_of(results, options.model), options.confidence)
        index, sha256 = build_index(options.video), sha256_of(options.video)
        selection = _selection(options, view, index, sha256, settings)
        origin = Origin(clean_file_name(options.video.name), sha256, utc_now())
        with closing(FrameReader(options.video, index)) as reader, writing(options.out), share_progress() as show:
            count = write_dataset(view, selection, reader, options.out, options.format, origin, show)
    print(f"{count} {selection.split} {'frame' if count == 1 else 'frames'} in {plain(options.out.name)}.")
    for note in selection.notes:
        print(note)
    return ExitCode.OK


def _check(options: argparse.Namespace) -> None:
    if options.video is None:
        raise SettingsError("The pictures are read from the video.", "Name it with --video.")
    if not 0 <= options.confidence <= 1:
        raise SettingsError(f"--confidence is {options.confidence}.", "Use a number from 0 to 1.")
    if options.least_sure is not None and not 1 <= options.least_sure <= MAX_FRAMES:
        raise SettingsError(f"--least-sure is {options.least_sure}.", f"Use a number from 1 to {MAX_FRAMES}.")


def _selection(
    options: argparse.Namespace, view: View, index: FrameIndex, sha256: str, settings: Settings
) -> Selection:
    checked = checked_frames(view, index, _checks(settings, sha256))
    if options.checked:
        return checked
    return least_sure_frames(view, len(index), options.least_sure, without=checked.entries)


def _checks(settings: Settings, sha256: str) -> list[FrameCheck]:
    """What people have checked in the video, if there is a dashboard's data folder."""
    if not settings.data_dir.is_dir():
        return []
    with closing(Ledger(settings.database_url)) as ledger:
        return checks_of(ledger, sha256)
